"""A card sets itself up for each new shape of a batch: done at its start, for shapes that will come."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.engines.fast.options import FastOptions
from actors.engines.fast.packing import HEIGHT, WIDTHS, PackRule, Shape, stock_batches
from actors.engines.fast.recognition import WIDEST
from actors.engines.fast.sides import GlyphRule, SideRule, Size

if TYPE_CHECKING:
    from actors.runtimes.contracts import Session

_LOG = logging.getLogger("rayocr.engine")

_MOST_LINES = 200
_MOST_PAGES = 32
"""Shapes of a model's input that are tried at most. Lines have few widths and numbers of rows on a card, and
these are tried all; sides of pages are many, and only those of upright A4 are tried."""

_A4 = 2**0.5
"""Long over short side."""

_SCAN = (2339, 1654)
"""Height and width in pixels of A4 at 200 dpi, where pages keep their size."""

_STRIDE = 32
"""Sides of pages at detection are multiples of it."""

Input = tuple[int, int, int, int]
"""N×3×H×W of a model's input."""


def line_inputs(options: FastOptions) -> list[Input]:
    """Inputs of recognition, at most 200: the ends first, then full batches, then smaller ones."""
    if options.compat:
        full = next(stock_batches([Shape(1, HEIGHT)] * WIDEST))
        return [(rows, 3, HEIGHT, full.width) for rows in range(len(full.slots), 0, -1)]
    rule = options.read.pack
    by_rank = [(rank, width, rows) for width in WIDTHS for rank, rows in enumerate(_row_counts(rule, width))]
    sizes = [(1, WIDTHS[0]), (rule.most_rows(WIDTHS[-1]), WIDTHS[-1])]
    sizes += [(rows, width) for _, width, rows in sorted(by_rank)]
    return [(rows, 3, options.read.rows(width), width) for rows, width in dict.fromkeys(sizes)][:_MOST_LINES]


def _row_counts(rule: PackRule, width: int) -> list[int]:
    """Numbers of rows that batches of a width may have, the largest first; of any number, the ends."""
    most = rule.most_rows(width)
    return [rows for rows in rule.row_counts if rows <= most] or list(dict.fromkeys((most, 1)))


def page_inputs(options: FastOptions) -> list[Input]:
    """Inputs of detection for upright pages of A4, at most 32: as many at once as may be, and single ones."""
    found = []
    for size in _page_sizes(options.sides):
        most = max(1, options.det_pixels // (size.width * size.height))
        rows = next((count for count in options.det_row_counts if count <= most), most)
        found += [(count, 3, size.height, size.width) for count in (rows, 1)]
    return list(dict.fromkeys(found))[:_MOST_PAGES]


def _page_sizes(sides: SideRule) -> list[Size]:
    """Sizes at detection; the ends first."""
    if isinstance(sides, GlyphRule):
        longs = range(sides.least, sides.most + 1, sides.step)
        found = [Size(round(long / _A4 / _STRIDE) * _STRIDE, long) for long in longs]
        return [found[-1], *found[:-1]]
    import numpy as np

    return [sides.size(np.broadcast_to(np.uint8(0), (*_SCAN, 3)))]


def warm_up(session: Session, inputs: Sequence[Input], what: str) -> float:
    """Run a model on such inputs, all zero. Seconds it took; told in the log, with `what` they were.

    Where one does not fit into memory the rest is left out: pages may be smaller, and batches will be.
    """
    import numpy as np

    began, done = time.perf_counter(), 0
    try:
        for shape in inputs:
            session.run(np.zeros(shape, np.float32))
            done += 1
    except MemoryError as error:
        _LOG.warning("%s of %d x %d x %d x %d do not fit: %s", what, *inputs[done], error)
    seconds = time.perf_counter() - began
    _LOG.info("%d of %d shapes of %s set up in %.1f s", done, len(inputs), what, seconds)
    return seconds
