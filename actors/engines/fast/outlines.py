"""Boxes around drawn lines, or around nothing, that detection takes for text on plans: a circle is no `O`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.engines.fast.crops import cut
from actors.engines.fast.glyphs import ink, on_light
from actors.engines.fast.small_print import is_blank
from actors.runtimes.contracts import Floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image

_LARGE = 5.0
"""Height over that of the page's letters from which a box is looked at for outlines: a circle as small as
letters may be one."""

_THIN, _THIN_SQUARE = 0.02, 0.07
"""Part of a box that is ink, below which it holds an outline, and of a nearly square one, which may hold a
circle. Of a lone `O` it is 0.12 in the median of 360 fonts, of words 0.15; in light ones half of that."""

_SQUARE, _SHORT = 1.3, 6.0
"""Long over short side of boxes that may hold a circle, and of those that may hold no text at all."""

_MARGIN = 0.3
"""How much wider a short box is looked at, in heights: a letter ends within, a drawn line goes on."""


def without_outlines(page: Image, boxes: Sequence[Floats], letters: float) -> list[Floats]:
    """Boxes (4×2) of a page (H×W×3 uint8 BGR) that may hold text; `letters`: their height in pixels."""
    return [box for box in boxes if _may_be_text(page, box, letters)]


def _may_be_text(page: Image, box: Floats, letters: float) -> bool:
    crop = cut(page, box)
    if crop is None or is_blank(crop.image):
        return False
    low, long = sorted(crop.image.shape[:2])
    if long > _SHORT * low:
        return True
    least = _THIN_SQUARE if long < _SQUARE * low else _THIN
    is_outline = low >= _LARGE * letters and _dark_share(crop.image) < least
    return not is_outline and _ends_within(page, box, _MARGIN * low)


def _dark_share(picture: Image) -> float:
    """Part of a picture that is ink, of grey pixels as much as they are dark."""
    import cv2
    import numpy as np

    grey = on_light(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    ground, darkest = float(np.median(grey)), float(grey.min())
    darker = cv2.subtract(np.full_like(grey, round(ground)), grey)
    return float(cv2.mean(darker)[0]) / max(1.0, ground - darkest)


def _ends_within(page: Image, box: Floats, margin: float) -> bool:
    """Whether something dark ends within the upright rectangle around a box and its margin."""
    import cv2
    import numpy as np

    low = np.maximum(np.floor(box.min(axis=0) - margin).astype(int), 0)
    high = np.minimum(np.ceil(box.max(axis=0) + margin).astype(int), page.shape[1::-1])
    dark = _dark(page[low[1] : high[1], low[0] : high[0]])
    _, labels = cv2.connectedComponents(dark, connectivity=8)
    at_edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return bool(np.setdiff1d(labels, at_edge).any())


def _dark(picture: Image) -> npt.NDArray[np.uint8]:
    import cv2

    return ink(on_light(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)))
