"""Detection: pages in, boxes of text lines out; pages of one shape go through the model together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from actors.engines.fast.ahead import Hands, InTurn
from actors.engines.fast.boxes import BoxRule, find_boxes
from actors.engines.fast.mosaic import Mosaic
from actors.engines.fast.order import sort_boxes
from actors.engines.fast.packing import portions
from actors.engines.fast.sides import Plan, SideRule, Size
from actors.engines.fast.stages import Stages
from actors.engines.fast.tiles import Tile
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
        parts = [part for index, one in enumerate(prepared) for part in one.parts(index)]
        groups = _groups([part.size for part in parts], self._pixels, self._row_counts)
        steps = _Detection(self._session, self._boxes, prepared, parts, then, self._stages, self._inputs)
        found = dict[int, T]()
        for results in self._hands.work(steps, groups):
            found |= (result for result in results if result is not None)
        blank: list[Floats] = []
        return [found[index] if index in found else then(page, blank) for index, page in enumerate(pages)]

    def _prepared(self, page: Image) -> _Prepared:
        with self._stages.count("prepare"):
            padded = _pad(page)
            plan = self._sides.plan(padded)
            mosaic = Mosaic(padded, plan.tiles, self._boxes) if plan.tiles else None
            return _Prepared(page, padded, plan, mosaic)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is detected at once of a page, given by its index, and at which size: a tile, or all of it."""

    page: int
    size: Size
    tile: Tile | None = None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A page, what is looked at of it, and how; `mosaic`: where it goes in tiles."""

    page: Image
    padded: Image
    plan: Plan
    mosaic: Mosaic | None

    def parts(self, index: int) -> list[_Part]:
        """What is detected of the page, which is that of this index."""
        whole = _Part(index, self.plan.size)
        if self.mosaic is None or self.plan.tiles is None:
            return [whole]
        tiles = [_Part(index, tile.size, tile) for tile in self.mosaic.tiles]
        return [whole, *tiles] if self.plan.tiles.large else tiles

    def picture(self, tile: Tile | None) -> Image:
        """A tile at its size, or the page."""
        return self.padded if self.mosaic is None or tile is None else self.mosaic.picture(tile)


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of pages, by their indexes, that are detected together at one size."""

    size: Size
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Detection(Generic[T]):
    """See Steps. What is finished of a page: its index and the result with its last part, else None."""

    session: Session
    boxes: BoxRule
    prepared: Sequence[_Prepared]
    parts: Sequence[_Part]
    then: Callable[[Image, list[Floats]], T]
    stages: Stages
    inputs: Inputs

    def rows(self, batch: Group) -> int:
        return len(batch.parts)

    def begin(self, batch: Group) -> Floats:
        return self.inputs.take((len(batch.parts), 3, batch.size.height, batch.size.width))

    def fill(self, batch: Group, rows: slice, target: Floats) -> None:
        with self.stages.count("prepare"):
            for row, index in zip(target, batch.parts[rows], strict=True):
                part = self.parts[index]
                _normalise(self.prepared[part.page].picture(part.tile), batch.size, row)

    def run(self, batch: Floats) -> Sequence[Array]:
        with self.stages.count("detection"):
            outputs = self.session.run(batch)
        self.inputs.give_back(batch)
        return outputs

    def finish(self, batch: Group, rows: slice, outputs: Sequence[Array]) -> list[tuple[int, T] | None]:
        return [
            self._finished(self.parts[index], score_map)
            for index, score_map in zip(batch.parts[rows], outputs[0][:, 0], strict=True)
        ]

    def _finished(self, part: _Part, score_map: Floats) -> tuple[int, T] | None:
        one = self.prepared[part.page]
        with self.stages.count("boxes"):
            boxes = self._found(one, part.tile, score_map)
            if boxes is None:
                return None
            boxes = sort_boxes(boxes if one.padded is one.page else _on(one.page, boxes))
        return part.page, self.then(one.page, boxes)

    def _found(self, one: _Prepared, tile: Tile | None, score_map: Floats) -> Sequence[Floats] | None:
        """Boxes of the page, None as long as parts of it are missing."""
        if one.mosaic is not None and tile is not None:
            return one.mosaic.boxes() if one.mosaic.add(tile, score_map) else None
        height, width = one.padded.shape[:2]
        boxes = find_boxes(score_map, width, height, self.boxes)
        if one.mosaic is None:
            return boxes
        return one.mosaic.boxes() if one.mosaic.add_whole(boxes) else None


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
