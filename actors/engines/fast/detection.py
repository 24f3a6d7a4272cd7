"""Detection: pages in, boxes of text lines out; pages of one shape go through the model together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.engines.fast.boxes import BoxRule, find_boxes
from actors.engines.fast.order import sort_boxes
from actors.engines.fast.sides import SideRule, Size
from actors.runtimes.contracts import Floats

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.runtimes.contracts import Session

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
"""Of the channels in the order of the picture, which is BGR (PaddleX text_detection: NormalizeImage)."""

_SMALLEST = 64
_PADDED = 32
"""Pages with width + height below 64 are padded with black to 32 (PaddleX text_detection: image_padding)."""


class Detector:
    """Finds text lines. `pixels`: most pixels of the pages, at detection's size, that run together."""

    def __init__(self, session: Session, sides: SideRule, boxes: BoxRule, pixels: int) -> None:
        self._session = session
        self._sides = sides
        self._boxes = boxes
        self._pixels = pixels

    def find(self, pages: Sequence[Image]) -> list[list[Floats]]:
        """Boxes (4×2 float32, in the page's pixels) of each page, sorted. Pages are H×W×3 uint8 BGR."""
        padded = [_pad(page) for page in pages]
        sizes = [self._sides.size(page) for page in padded]
        found: list[list[Floats]] = [[] for _ in pages]
        for size, group in _groups(sizes, self._pixels):
            maps = self._maps([padded[index] for index in group], size)
            for index, score_map in zip(group, maps, strict=True):
                height, width = padded[index].shape[:2]
                boxes = find_boxes(score_map, width, height, self._boxes)
                found[index] = sort_boxes(_on(pages[index], boxes))
        return found

    def _maps(self, pages: Sequence[Image], size: Size) -> Floats:
        import numpy as np

        batch = np.empty((len(pages), 3, size.height, size.width), np.float32)
        for row, page in zip(batch, pages, strict=True):
            _normalise(page, size, row)
        maps: Floats = self._session.run(batch)[0][:, 0]
        return maps


def _groups(sizes: Sequence[Size], pixels: int) -> list[tuple[Size, list[int]]]:
    by_size: dict[Size, list[int]] = {}
    for index, size in enumerate(sizes):
        by_size.setdefault(size, []).append(index)
    groups = []
    for size, members in by_size.items():
        most = max(1, pixels // (size.width * size.height))
        groups += [(size, members[start : start + most]) for start in range(0, len(members), most)]
    return groups


def _pad(page: Image) -> Image:
    import numpy as np

    height, width = page.shape[:2]
    if height + width >= _SMALLEST:
        return page
    padded = np.zeros((max(_PADDED, height), max(_PADDED, width), 3), np.uint8)
    padded[:height, :width] = page
    return padded


def _on(page: Image, boxes: Sequence[Floats]) -> Sequence[Floats]:
    """Boxes cut off at the edges of the page, which may have been padded."""
    import numpy as np

    height, width = page.shape[:2]
    return [np.minimum(box, np.array([width, height], np.float32)) for box in boxes]


def _normalise(page: Image, size: Size, target: Floats) -> None:
    """Write the resized page into `target` (3×H×W), a plane a channel."""
    import cv2
    import numpy as np

    if page.shape[:2] != (size.height, size.width):
        page = cv2.resize(page, (size.width, size.height))
    for plane, channel, mean, std in zip(target, cv2.split(page), _MEAN, _STD, strict=True):
        np.multiply(channel, np.float32(1 / 255 / std), out=plane, casting="unsafe")
        np.subtract(plane, np.float32(mean / std), out=plane)
