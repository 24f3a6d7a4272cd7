"""Between which shapes the inputs of the models lie, so that a runtime that compiles does it once."""

from __future__ import annotations

from collections.abc import Sequence

from actors.engines.fast.options import FastOptions
from actors.engines.fast.packing import HEIGHT, WIDTHS, Shape, stock_batches
from actors.engines.fast.recognition import WIDEST
from actors.engines.fast.sides import STOCK_LIMIT, GlyphRule, SideRule
from actors.runtimes.contracts import Shapes

_CHANNELS = 3

_LEAST_SIDE = 32
"""Pixels of a page at detection; no side is shorter than the network's stride."""

_SPREAD = 3
"""A compiler reckons with the most rows of the largest pictures, which never come together, and takes memory
for them: it may be so many times what really comes at once. Larger batches are then cut into pieces."""

_USUAL_WIDTH = 320
_USUAL_PAGE = (960, 672)
"""What the compiler makes fastest: a line of some 25 characters; an upright page (height, width)."""


def detection(options: FastOptions) -> Shapes:
    """N×3×H×W of pages."""
    most = _longest(options.sides)
    rows = max(1, _SPREAD * options.det_pixels // (most * most))
    height, width = (min(side, most) for side in _USUAL_PAGE)
    usual = min(rows, max(1, options.det_pixels // (height * width)))
    return Shapes(
        (1, _CHANNELS, _LEAST_SIDE, _LEAST_SIDE),
        (usual, _CHANNELS, height, width),
        (rows, _CHANNELS, most, most),
    )


def recognition(options: FastOptions) -> Shapes:
    """N×3×H×W of lines."""
    if options.compat:
        full = next(stock_batches([Shape(1, HEIGHT)] * WIDEST))
        widest = next(stock_batches([Shape(HEIGHT * WIDEST, HEIGHT)]))
        rows = len(full.slots)
        return Shapes(
            (1, _CHANNELS, HEIGHT, full.width),
            (rows, _CHANNELS, HEIGHT, full.width),
            (rows, _CHANNELS, HEIGHT, widest.width),
        )
    pack = options.read.pack
    most = WIDTHS[-1]
    rows = _allowed(pack.row_counts, max(1, _SPREAD * pack.columns // most))
    usual = _allowed(pack.row_counts, min(rows, pack.columns // _USUAL_WIDTH))
    heights = [options.read.rows(width) for width in WIDTHS]
    return Shapes(
        (1, _CHANNELS, min(heights), WIDTHS[0]),
        (usual, _CHANNELS, options.read.rows(_USUAL_WIDTH), _USUAL_WIDTH),
        (rows, _CHANNELS, max(heights), most),
    )


def _longest(sides: SideRule) -> int:
    """Pixels of the longest side at detection."""
    if isinstance(sides, GlyphRule):
        return _multiple(max(sides.step, round(sides.most / sides.step) * sides.step))
    if sides.kind == "max":
        return _multiple(min(sides.side, STOCK_LIMIT))
    return _multiple(STOCK_LIMIT)


def _multiple(side: int) -> int:
    """As a page's sides are rounded."""
    return max(round(side / _LEAST_SIDE) * _LEAST_SIDE, _LEAST_SIDE)


def _allowed(allowed: Sequence[int], wanted: int) -> int:
    """The largest of some numbers of rows (descending; empty: any) that is not above `wanted`."""
    return next((rows for rows in allowed if rows <= wanted), wanted)
