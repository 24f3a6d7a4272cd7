"""Which crops are recognised together, and how wide each one is made: the scheduling of recognition."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HEIGHT = 48
"""Pixels of height of a line's picture (PaddleX configs: RecResizeImg image_shape [3, 48, 320])."""

TRIMMED, TRIMMED_FROM = 44, 192
"""Rows in the middle of a line's picture, and the width in pixels from which the model gets only them, but in
compat. The box of a line has a margin above and below. Lines of ten letters and more read the same without it
(docs/fast-engine.md), at a twentieth less; short ones would score lower, and cost little anyway."""

WIDTHS = (
    *(16, 24, 32, 48),
    *(octave * part // 4 for octave in (64, 128, 256, 512, 1024) for part in (4, 5, 6, 7)),
    *(2048, 2560, 3072),
)
"""Widths in pixels that a line's picture may have. It is stretched to the nearest, from 64 pixels on by an
eighth at most: that costs no text, while a floor or padding would be columns for nothing. They are few, since
each new shape costs most runtimes something."""

ALONE = 96
"""Pixels of width of the picture of a character without neighbors, at least: stock's is 320 wide, and the
model was trained on such. Of 2,700 characters in cells of rendered tables 6.8 % are read wrong at their own
width, 3.3 % in 64 columns, 1.3 % in 96, 0.9 % in 128, 1.0 % in 160."""

_STOCK_FLOOR = 320
_STOCK_ROWS = 6
_STOCK_CAP = 3200
"""Least width, most lines in a batch, and most width, of stock (PaddleX text_recognition/processors.py)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of a crop in pixels."""

    width: int
    height: int

    @property
    def ratio(self) -> float:
        """Width over height."""
        return self.width / self.height


@dataclass(frozen=True, slots=True)
class Slot:
    """A crop's place in a batch: its index, and the width in pixels that its picture is resized to."""

    crop: int
    width: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops that are recognised together; those whose picture is narrower than `width` pixels, as stock has
    them, are padded. `empty`: rows of the model's input after theirs, which nobody reads."""

    width: int
    slots: tuple[Slot, ...]
    empty: int = 0


@dataclass(frozen=True, slots=True)
class PackRule:
    """How lines' pictures, which have one of WIDTHS, are packed: those of one width together.

    `columns`: most columns (rows x width) of a batch. Where each new shape costs the runtime something,
    `row_counts` are the numbers of rows that may be, largest first (empty: any); a width for which they are
    all too many goes in single rows. `made_up`: what is too few for one of `row_counts` is made up with empty
    rows, where a run or a shape costs more than they do; else it goes in several batches.
    """

    columns: int
    row_counts: tuple[int, ...] = ()
    made_up: bool = False

    def most_rows(self, width: int) -> int:
        """Most rows of a batch of this width; at least one."""
        return _rows(max(1, self.columns // width), self.row_counts)

    def empty(self, rows: int, width: int) -> int:
        """Empty rows with which so many of this width are made up."""
        allowed = [count - rows for count in self.row_counts if rows <= count <= self.most_rows(width)]
        return min(allowed, default=0) if self.made_up else 0


def nearest(wanted: float) -> int:
    """The one of WIDTHS that a picture which should be `wanted` pixels wide gets: nearest by ratio."""
    place = bisect_left(WIDTHS, wanted)
    if place in (0, len(WIDTHS)):
        return WIDTHS[min(place, len(WIDTHS) - 1)]
    narrower, wider = WIDTHS[place - 1], WIDTHS[place]
    return wider if wanted * wanted > narrower * wider else narrower


def pack(widths: Sequence[int], rule: PackRule) -> Iterator[Batch]:
    """Batches of lines, given the width that each one's picture has; from narrow to wide."""
    groups: dict[int, list[Slot]] = {}
    for crop, width in enumerate(widths):
        groups.setdefault(width, []).append(Slot(crop, width))
    for width in sorted(groups):
        slots = groups[width]
        counts = () if rule.made_up else rule.row_counts
        for rows in portions(len(slots), rule.most_rows(width), counts):
            crops = tuple(slots[rows])
            yield Batch(width, crops, rule.empty(len(crops), width))


def pack_alone(shapes: Sequence[Shape], rule: PackRule) -> Iterator[Batch]:
    """Batches of narrow lines, each at its full width and with nothing beside it up to ALONE pixels, or to
    the next of WIDTHS where it is wider."""
    slots: dict[int, list[Slot]] = {}
    for crop, shape in enumerate(shapes):
        width = min(math.ceil(HEIGHT * shape.ratio), WIDTHS[-1])
        room = WIDTHS[bisect_left(WIDTHS, max(width, ALONE))]
        slots.setdefault(room, []).append(Slot(crop, width))
    for room in sorted(slots):
        counts = () if rule.made_up else rule.row_counts
        for rows in portions(len(slots[room]), rule.most_rows(room), counts):
            crops = tuple(slots[room][rows])
            yield Batch(room, crops, rule.empty(len(crops), room))


def portions(count: int, most: int, row_counts: Sequence[int]) -> Iterator[slice]:
    """So many things in portions of at most `most`, whose numbers are among `row_counts` (descending; empty:
    any number)."""
    start = 0
    while start < count:
        rows = _rows(min(most, count - start), row_counts)
        yield slice(start, start + rows)
        start += rows


def _rows(wanted: int, allowed: Sequence[int]) -> int:
    return next((rows for rows in allowed if rows <= wanted), 1 if allowed else wanted)


def stock_batches(shapes: Sequence[Shape]) -> Iterator[Batch]:
    """The batches of one page as stock makes them: sorted by ratio, six at a time, no narrower than 320
    pixels, padded to the widest of the six (PaddleX text_recognition/processors.py: OCRReisizeNormImg)."""
    order = sorted(range(len(shapes)), key=lambda index: shapes[index].ratio)
    for start in range(0, len(order), _STOCK_ROWS):
        members = order[start : start + _STOCK_ROWS]
        targets = [_stock_target(shapes[index]) for index in members]
        slots = [
            Slot(index, min(math.ceil(HEIGHT * shapes[index].ratio), target))
            for index, target in zip(members, targets, strict=True)
        ]
        yield Batch(max(targets), tuple(slots))


def _stock_target(shape: Shape) -> int:
    return min(int(HEIGHT * max(_STOCK_FLOOR / HEIGHT, shape.ratio)), _STOCK_CAP)
