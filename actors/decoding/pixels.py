"""A loaded Pillow image of any mode as upright 8-bit RGB, in bands, so that large pages fit into memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image as PilImage
from PIL import ImageCms

from actors.contracts import Image

_BAND_PIXELS = 1 << 21
"""Pixels that are converted at once: what conversions need on top of the picture stays below 100 MB."""

_SIXTEEN_BITS = 65535.0


@dataclass(frozen=True, slots=True)
class Samples:
    """How grey samples of more than 8 bits map to 0..255.

    `white`: the sample that means white, None: the page's own darkest and brightest samples are stretched
    over the whole range; `inverted`: 0 is white (TIFF's WhiteIsZero).
    """

    white: float | None = _SIXTEEN_BITS
    inverted: bool = False


def to_rgb(picture: PilImage.Image, orientation: int = 1, samples: Samples | None = None) -> Image:
    """H×W×3 uint8 RGB, C-contiguous, of a Pillow image; alpha goes over white.

    `orientation` is the EXIF value 1..8 of the stored picture; the result is upright. `samples` is used
    for modes of more than 8 bits a sample. Raises ValueError for a mode that has no conversion.
    """
    width, height = picture.size
    turned = orientation in (5, 6, 7, 8)
    upright = np.empty((width, height, 3) if turned else (height, width, 3), dtype=np.uint8)
    stored = _as_stored(upright, orientation)
    convert = _converter(picture, samples or Samples())
    step = max(1, _BAND_PIXELS // width)
    for top in range(0, height, step):
        bottom = min(height, top + step)
        whole = bottom - top == height
        band = picture if whole else picture.crop((0, top, width, bottom))
        stored[top:bottom] = convert(band)
    return upright


def _as_stored(upright: Image, orientation: int) -> Image:
    """A view of the upright picture in the order in which the file stores it (EXIF 2.32, tag 274)."""
    views: dict[int, Callable[[Image], Image]] = {
        2: lambda view: view[:, ::-1],
        3: lambda view: view[::-1, ::-1],
        4: lambda view: view[::-1],
        5: lambda view: view.swapaxes(0, 1),
        6: lambda view: np.rot90(view, 1),
        7: lambda view: view.swapaxes(0, 1)[::-1, ::-1],
        8: lambda view: np.rot90(view, -1),
    }
    return views[orientation](upright) if orientation in views else upright


_Convert = Callable[[PilImage.Image], npt.NDArray[np.uint8]]


def _converter(picture: PilImage.Image, samples: Samples) -> _Convert:
    """The function from a band to values that broadcast to H×W×3 uint8."""
    mode = picture.mode
    if mode.startswith("I;16"):
        return _sixteen_bit(samples, picture.info.get("transparency"))
    if mode in ("I", "F"):
        return _wide(picture, samples)
    if mode == "LAB":
        return _lab()
    if mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in picture.info:
        return _over_white
    return _plain


def _plain(band: PilImage.Image) -> npt.NDArray[np.uint8]:
    if band.mode == "L":
        return np.asarray(band)[:, :, None]
    return np.asarray(band if band.mode == "RGB" else band.convert("RGB"))


def _over_white(band: PilImage.Image) -> npt.NDArray[np.uint8]:
    key = band.info.get("transparency")
    if isinstance(key, tuple) and max(key) > 255:  # of 16-bit samples, of which Pillow kept the high byte
        band.info["transparency"] = tuple(value >> 8 for value in key)
    band = band.convert("RGBA")
    white = PilImage.new("RGB", band.size, "white")
    white.paste(band, mask=band.getchannel("A"))
    return np.asarray(white)


def _sixteen_bit(samples: Samples, key: object) -> _Convert:
    white = samples.white or _SIXTEEN_BITS
    table = np.clip(np.arange(65536) * (255.0 / white) + 0.5, 0, 255).astype(np.uint8)
    if samples.inverted:
        table = 255 - table
    if isinstance(key, int):
        table[key & 0xFFFF] = 255
    return lambda band: table[np.asarray(band)][:, :, None]


def _wide(picture: PilImage.Image, samples: Samples) -> _Convert:
    """32-bit integers and floats: by the white that is known, else stretched from darkest to brightest."""
    low, high = 0.0, samples.white
    if high is None:
        low, high = _finite_range(picture)
        if picture.mode == "F" and low >= 0.0 and high <= 1.0:
            low, high = 0.0, 1.0
    scale = 255.0 / (high - low) if high > low else 0.0

    def convert(band: PilImage.Image) -> npt.NDArray[np.uint8]:
        values = np.nan_to_num(np.asarray(band, dtype=np.float64), nan=low, posinf=high, neginf=low)
        grey = np.clip((values - low) * scale + 0.5, 0, 255).astype(np.uint8)
        return (255 - grey if samples.inverted else grey)[:, :, None]

    return convert


def _finite_range(picture: PilImage.Image) -> tuple[float, float]:
    values = np.asarray(picture)
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _lab() -> _Convert:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")

    def convert(band: PilImage.Image) -> npt.NDArray[np.uint8]:
        turned = ImageCms.applyTransform(band, transform)
        assert turned is not None  # only for inPlace
        return np.asarray(turned)

    return convert
