"""The order in which PaddleOCR gives the lines of a page: by y, then by x within ten pixels."""

from __future__ import annotations

from collections.abc import Sequence

from actors.runtimes.contracts import Floats

_SAME_LINE = 10.0
"""Pixels of y within which two boxes count as one line (PaddleX common/sort_boxes.py)."""


def sort_boxes(boxes: Sequence[Floats]) -> list[Floats]:
    """Boxes (4×2) from top to bottom, neighbours on one line from left to right."""
    ordered = sorted(boxes, key=lambda box: (box[0][1], box[0][0]))
    for index in range(len(ordered) - 1):
        for position in range(index, -1, -1):
            here, after = ordered[position][0], ordered[position + 1][0]
            if abs(after[1] - here[1]) >= _SAME_LINE or after[0] >= here[0]:
                break
            ordered[position], ordered[position + 1] = ordered[position + 1], ordered[position]
    return ordered
