"""Which crops are recognised together, and how wide each one is made: the scheduling of recognition."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HEIGHT = 48
"""Height of a recognition model's input (PaddleX configs: RecResizeImg image_shape [3, 48, 320])."""

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
    """Crops that are recognised together, each padded to `width` pixels. `empty`: rows of the model's input
    after theirs, which nobody reads."""

    width: int
    slots: tuple[Slot, ...]
    empty: int = 0


@dataclass(frozen=True, slots=True)
class PackRule:
    """How crops are packed.

    `step`: widths are padded up to a multiple of it, from `least` on; `columns`: most columns (rows x
    width) of a batch. Each crop's own width decides its padding, never its neighbours: so its text does
    not depend on the batch it is in. Where each new shape costs the runtime something, `row_counts` are the
    numbers of rows that may be, largest first (empty: any), and `fine` is the width up to which `step`
    holds: it doubles there, and whenever the width has doubled (None: it always holds). `made_up`: what is
    too few for one of `row_counts` is made up with empty rows, where a run costs more than they do; else it
    goes in several batches.
    """

    step: int
    least: int
    columns: int
    row_counts: tuple[int, ...] = ()
    fine: int | None = None
    made_up: bool = False

    def padded(self, width: int) -> int:
        """Width in pixels of the model's input for a picture of `width` pixels."""
        step, limit = self.step, self.fine
        while limit is not None and width > limit:
            step, limit = step * 2, limit * 2
        return max(self.least, math.ceil(width / step) * step)

    def most_rows(self, padded: int) -> int:
        """Most rows of a batch of this width; at least one."""
        return _rows(max(1, self.columns // padded), self.row_counts)


def pack(widths: Sequence[int], rule: PackRule) -> Iterator[Batch]:
    """Batches of crops, given the width that each one's picture has; from narrow to wide."""
    groups: dict[int, list[Slot]] = {}
    for crop, width in enumerate(widths):
        groups.setdefault(rule.padded(width), []).append(Slot(crop, width))
    for padded in sorted(groups):
        slots = groups[padded]
        counts = () if rule.made_up else rule.row_counts
        for rows in portions(len(slots), rule.most_rows(padded), counts):
            crops = tuple(slots[rows])
            yield Batch(padded, crops, _missing(len(crops), rule.row_counts) if rule.made_up else 0)


def _missing(rows: int, allowed: Sequence[int]) -> int:
    return min((count - rows for count in allowed if count >= rows), default=0)


def portions(count: int, most: int, row_counts: Sequence[int]) -> Iterator[slice]:
    """So many things in portions of at most `most`, whose numbers are among `row_counts` (descending; empty:
    any number)."""
    start = 0
    while start < count:
        rows = _rows(min(most, count - start), row_counts)
        yield slice(start, start + rows)
        start += rows


def _rows(wanted: int, allowed: Sequence[int]) -> int:
    return next((rows for rows in allowed if rows <= wanted), wanted)


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
