"""What happens to a page between the printer and the file: wear that keeps it legible, from a seed."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image as Pictures

Gray = npt.NDArray[np.floating[Any]]
"""A page, H×W, 0 (black) to 255 (white)."""

Matrix = npt.NDArray[np.float64]
"""2×3: from a place (x, y, 1) on the worn page to the place (x, y) where it was drawn."""

CLEAN = "clean"


@dataclass(frozen=True)
class Worn:
    """A worn page (H×W×3 uint8 RGB), and the way back to where things were drawn."""

    pixels: npt.NDArray[np.uint8]
    back: Matrix


Wear = Callable[[Gray, float, np.random.Generator], Gray]
"""Changes a page in place or not; given the x-height in pixels, and chance."""


def clean(page: Gray, x_height: float, chance: np.random.Generator) -> Gray:
    """Nothing."""
    return page


def jpeg(page: Gray, x_height: float, chance: np.random.Generator) -> Gray:
    """JPEG at a quality of 25 to 45."""
    from PIL import Image

    stream = io.BytesIO()
    _picture(page).save(stream, "JPEG", quality=int(chance.integers(25, 46)))
    return np.asarray(Image.open(stream).convert("L"), np.float32)


def blur(page: Gray, x_height: float, chance: np.random.Generator) -> Gray:
    """Out of focus: a Gaussian of 0.09 to 0.12 of the x-height."""
    from PIL import ImageFilter

    radius = x_height * chance.uniform(0.09, 0.12)
    blurred = _picture(page).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred.convert("L"), np.float32) + _noise(page.shape, 3, chance)


def thermal(page: Gray, x_height: float, chance: np.random.Generator) -> Gray:
    """Low ink of a thermal printer: gray letters, specks without ink, and paler stripes down the page."""
    ink = (255 - page) * chance.uniform(0.55, 0.75)
    specks = chance.random(page.shape) < 0.06
    ink = np.where(specks, ink * 0.35, ink)
    columns = np.where(chance.random(page.shape[1]) < 0.04, 0.65, 1.0)
    pale: Gray = ink * columns
    return 250 - pale + _noise(page.shape, 4, chance)


def low_contrast(page: Gray, x_height: float, chance: np.random.Generator) -> Gray:
    """Gray on gray: 60 to 80 levels between ink and paper."""
    paper = chance.uniform(170, 215)
    return paper - (255 - page) / 255 * chance.uniform(60, 80) + _noise(page.shape, 3, chance)


WEARS: Mapping[str, Wear] = {
    CLEAN: clean,
    "JPEG": jpeg,
    "blur": blur,
    "thermal": thermal,
    "skew": clean,
    "low contrast": low_contrast,
}


def wear_out(page: Gray, wear: str, x_height: float, chance: np.random.Generator) -> Worn:
    """A page after a wear of `WEARS`; skewed by 0.6 to 1.5 degrees to either side where it is that."""
    back = np.array([[1.0, 0, 0], [0, 1, 0]])
    if wear == "skew":
        page, back = _turned(page, float(chance.uniform(0.6, 1.5) * chance.choice((-1, 1))))
    found = WEARS[wear](page, x_height, chance)
    gray = np.clip(np.rint(found), 0, 255).astype(np.uint8)
    return Worn(np.ascontiguousarray(np.repeat(gray[:, :, None], 3, axis=2)), back)


def _turned(page: Gray, degrees: float) -> tuple[Gray, Matrix]:
    """A page turned about its middle, on white; the size stays."""
    from PIL import Image

    height, width = page.shape
    middle = np.array([width / 2, height / 2])
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    back = np.hstack([turn, (middle - turn @ middle)[:, None]])
    turned = _picture(page).transform(
        (width, height),
        Image.Transform.AFFINE,
        tuple(back.reshape(-1)),
        Image.Resampling.BICUBIC,
        fillcolor=255,
    )
    return np.asarray(turned, np.float32), back


def _noise(shape: tuple[int, ...], sigma: float, chance: np.random.Generator) -> Gray:
    return chance.normal(0, sigma, shape).astype(np.float32)


def _picture(page: Gray) -> Pictures.Image:
    from PIL import Image

    return Image.fromarray(np.clip(np.rint(page), 0, 255).astype(np.uint8))
