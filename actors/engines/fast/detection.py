"""Detection: pages in, boxes of text lines out; pages of one shape go through the model together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from actors.engines.fast.boxes import BoxRule, find_boxes
from actors.engines.fast.mosaic import Mosaic
from actors.engines.fast.order import sort_boxes
from actors.engines.fast.probe import confirmed
from actors.engines.fast.sides import InTiles, Plan, SideRule
from actors.engines.fast.tiles import Tile
from actors.engines.fast.views import Scorer, View
from actors.runtimes.contracts import Floats

if TYPE_CHECKING:
    from actors.contracts import Image

R = TypeVar("R")
T = TypeVar("T")

_SMALLEST = 64
_PADDED = 32
"""Pages with width + height below 64 are padded with black to 32 (PaddleX text_detection: image_padding)."""


class Detector:
    """Finds text lines. `scorer`: runs the model; its hands do the work before and behind that, too."""

    def __init__(self, scorer: Scorer, sides: SideRule, boxes: BoxRule) -> None:
        self._sides = sides
        self._boxes = boxes
        self._scorer = scorer
        self._hands = scorer.hands
        self._stages = scorer.stages

    def find(self, pages: Sequence[Image]) -> list[list[Floats]]:
        """Boxes (4×2 float32, in the page's pixels) of each page, sorted. Pages are H×W×3 uint8 BGR."""
        return self.each(pages, lambda _page, boxes: boxes)

    def each(self, pages: Sequence[Image], then: Callable[[Image, list[Floats]], T]) -> list[T]:
        """What `then` makes of each page and its boxes. It may be called in any thread, for pages that are
        done while others are detected."""
        prepared = self._hands.map(self._prepared, pages)
        ways = confirmed([(one.padded, one.plan.ways) for one in prepared], self._scorer, self._boxes)
        jobs = self._hands.map(self._job, list(zip(prepared, ways, strict=True)))
        views: list[View[tuple[int, T] | None]] = []
        for index, job in enumerate(jobs):
            views += self._views(job, partial(self._finished, index, job.prepared, then))
        found = dict(result for result in self._scorer.each(views) if result is not None)
        # A page of which all tiles are blank has no views.
        return [found[index] if index in found else then(page, []) for index, page in enumerate(pages)]

    def _prepared(self, page: Image) -> _Prepared:
        with self._stages.count("prepare"):
            padded = _pad(page)
            return _Prepared(page, padded, self._sides.plan(padded))

    def _job(self, one: tuple[_Prepared, InTiles | None]) -> _Job:
        prepared, way = one
        with self._stages.count("prepare"):
            return _Job(prepared, Mosaic(prepared.padded, way, self._boxes) if way else None)

    def _views(self, job: _Job, finish: Callable[[list[Floats]], R]) -> list[View[R | None]]:
        """What the model sees of a page; what is made of its boxes comes with the view that is seen last."""
        whole, mosaic = job.prepared, job.mosaic
        picture, size = whole.picture, whole.plan.whole
        if mosaic is None:
            return [View(size, picture, lambda score_map: finish(self._found(whole, score_map)))]
        views: list[View[R | None]] = []
        if (
            mosaic.whole is not None
        ):  # first, so that the memory for the tiles' maps is free with the last tile
            views.append(View(mosaic.whole, picture, partial(self._added_whole, mosaic, whole, finish)))
        for tile in mosaic.tiles:
            added = partial(self._added, mosaic, tile, finish)
            views.append(View(tile.size, partial(mosaic.picture, tile), added))
        return views

    def _found(self, one: _Prepared, score_map: Floats) -> list[Floats]:
        """Boxes of a page as a whole."""
        height, width = one.padded.shape[:2]
        with self._stages.count("boxes"):
            return find_boxes(score_map, width, height, self._boxes)

    def _added(
        self, mosaic: Mosaic, tile: Tile, finish: Callable[[list[Floats]], R], score_map: Floats
    ) -> R | None:
        with self._stages.count("boxes"):
            boxes = mosaic.boxes() if mosaic.add(tile, score_map) else None
        return None if boxes is None else finish(boxes)

    def _added_whole(
        self, mosaic: Mosaic, one: _Prepared, finish: Callable[[list[Floats]], R], score_map: Floats
    ) -> R | None:
        found = self._found(one, score_map)
        with self._stages.count("boxes"):
            boxes = mosaic.boxes() if mosaic.add_whole(found) else None
        return None if boxes is None else finish(boxes)

    def _finished(
        self, index: int, one: _Prepared, then: Callable[[Image, list[Floats]], T], boxes: list[Floats]
    ) -> tuple[int, T]:
        with self._stages.count("boxes"):
            ordered = sort_boxes(boxes if one.padded is one.page else _on(one.page, boxes))
        return index, then(one.page, ordered)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A page, what is looked at of it, and how."""

    page: Image
    padded: Image
    plan: Plan

    def picture(self) -> Image:
        """What is looked at."""
        return self.padded


@dataclass(frozen=True, slots=True)
class _Job:
    """A page that is detected; `mosaic`: where it goes in tiles."""

    prepared: _Prepared
    mosaic: Mosaic | None


def _pad(page: Image) -> Image:
    import numpy as np

    height, width = page.shape[:2]
    if height + width >= _SMALLEST:
        return page
    padded = np.zeros((max(_PADDED, height), max(_PADDED, width), 3), np.uint8)
    padded[:height, :width] = page
    return padded


def _on(page: Image, boxes: Sequence[Floats]) -> list[Floats]:
    """Boxes cut off at the edges of the page, where that was padded."""
    import numpy as np

    height, width = page.shape[:2]
    limit = np.array([width, height], np.float32)
    return [np.minimum(box, limit) for box in boxes]
