"""Detection: pages in, boxes of text lines out; pages of one shape go through the model together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from actors.engines.fast.ahead import Hands, InTurn
from actors.engines.fast.boxes import BoxRule, find_boxes
from actors.engines.fast.order import sort_boxes
from actors.engines.fast.packing import portions
from actors.engines.fast.sides import SideRule, Size
from actors.engines.fast.stages import Stages
from actors.runtimes.contracts import Array, Floats
from actors.runtimes.host_memory import Inputs, Plain

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.runtimes.contracts import Session

T = TypeVar("T")

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
"""Of the channels in the order of the picture, which is BGR (PaddleX text_detection: NormalizeImage)."""

_SMALLEST = 64
_PADDED = 32
"""Pages with width + height below 64 are padded with black to 32 (PaddleX text_detection: image_padding)."""


class Detector:
    """Finds text lines. `pixels`: most pixels of the pages, at detection's size, that run together;
    `row_counts`: the numbers of pages that may be, largest first (empty: any), where each new shape costs the
    runtime something; `hands`: who does the work around the model; `inputs`: where its input is written."""

    def __init__(
        self,
        session: Session,
        sides: SideRule,
        boxes: BoxRule,
        pixels: int,
        *,
        row_counts: tuple[int, ...] = (),
        hands: Hands | None = None,
        stages: Stages | None = None,
        inputs: Inputs | None = None,
    ) -> None:
        self._session = session
        self._sides = sides
        self._boxes = boxes
        self._pixels = pixels
        self._row_counts = row_counts
        self._hands = hands or InTurn()
        self._stages = stages or Stages()
        self._inputs = inputs or Plain()

    def find(self, pages: Sequence[Image]) -> list[list[Floats]]:
        """Boxes (4×2 float32, in the page's pixels) of each page, sorted. Pages are H×W×3 uint8 BGR."""
        return self.each(pages, lambda _page, boxes: boxes)

    def each(self, pages: Sequence[Image], then: Callable[[Image, list[Floats]], T]) -> list[T]:
        """What `then` makes of each page and its boxes. It may be called in any thread, for pages that are
        done while others are detected."""
        prepared = self._hands.map(self._prepared, pages)
        groups = _groups([one.size for one in prepared], self._pixels, self._row_counts)
        steps = _Detection(self._session, self._boxes, prepared, then, self._stages, self._inputs)
        found = dict[int, T]()
        for group, results in zip(groups, self._hands.work(steps, groups), strict=True):
            found |= zip(group.pages, results, strict=True)
        return [found[index] for index in range(len(pages))]

    def _prepared(self, page: Image) -> _Prepared:
        with self._stages.count("prepare"):
            padded = _pad(page)
            return _Prepared(page, padded, self._sides.size(padded))


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A page, what is looked at of it, and at which size."""

    page: Image
    padded: Image
    size: Size


@dataclass(frozen=True, slots=True)
class Group:
    """Pages, by their indexes, that are detected together at one size."""

    size: Size
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Detection(Generic[T]):
    """See Steps."""

    session: Session
    boxes: BoxRule
    prepared: Sequence[_Prepared]
    then: Callable[[Image, list[Floats]], T]
    stages: Stages
    inputs: Inputs

    def rows(self, batch: Group) -> int:
        return len(batch.pages)

    def begin(self, batch: Group) -> Floats:
        return self.inputs.take((len(batch.pages), 3, batch.size.height, batch.size.width))

    def fill(self, batch: Group, rows: slice, target: Floats) -> None:
        with self.stages.count("prepare"):
            for row, index in zip(target, batch.pages[rows], strict=True):
                _normalise(self.prepared[index].padded, batch.size, row)

    def run(self, batch: Floats) -> Sequence[Array]:
        with self.stages.count("detection"):
            outputs = self.session.run(batch)
        self.inputs.give_back(batch)
        return outputs

    def finish(self, batch: Group, rows: slice, outputs: Sequence[Array]) -> list[T]:
        return [
            self._finished(self.prepared[index], score_map)
            for index, score_map in zip(batch.pages[rows], outputs[0][:, 0], strict=True)
        ]

    def _finished(self, one: _Prepared, score_map: Floats) -> T:
        with self.stages.count("boxes"):
            height, width = one.padded.shape[:2]
            boxes = find_boxes(score_map, width, height, self.boxes)
            boxes = sort_boxes(boxes if one.padded is one.page else _on(one.page, boxes))
        return self.then(one.page, boxes)


def _groups(sizes: Sequence[Size], pixels: int, row_counts: Sequence[int]) -> list[Group]:
    by_size: dict[Size, list[int]] = {}
    for index, size in enumerate(sizes):
        by_size.setdefault(size, []).append(index)
    groups = []
    for size, members in by_size.items():
        most = max(1, pixels // (size.width * size.height))
        groups += [Group(size, tuple(members[rows])) for rows in portions(len(members), most, row_counts)]
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
    """Boxes cut off at the edges of the page, where that was padded."""
    import numpy as np

    height, width = page.shape[:2]
    limit = np.array([width, height], np.float32)
    return [np.minimum(box, limit) for box in boxes]


def _normalise(page: Image, size: Size, target: Floats) -> None:
    """Write the resized page into `target` (3×H×W), a plane a channel."""
    import cv2
    import numpy as np

    if page.shape[:2] != (size.height, size.width):
        page = cv2.resize(page, (size.width, size.height))
    for plane, channel, mean, std in zip(target, cv2.split(page), _MEAN, _STD, strict=True):
        np.multiply(channel, np.float32(1 / 255 / std), out=plane, casting="unsafe")
        np.subtract(plane, np.float32(mean / std), out=plane)
