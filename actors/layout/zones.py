"""Pages of vertical text with lines across: captions, heads and page numbers over or under the columns."""

from __future__ import annotations

from collections.abc import Sequence

from actors.layout.geometry import CORE, Box, Upright

_SHORT = 2.0
"""Line heights up to which a lone line may run either way."""


def zones(page: Upright, boxes: Sequence[Box]) -> list[list[Box]]:
    """A page's lines in parts that are read one after the other; one part for pages of lines across.

    On a page of vertical text, whose columns are rows here and begin at the same x, lines across that share
    their x with no column are parts of their own, with rows as they stand on the page.
    """
    if not page.vertical or not boxes:
        return [list(boxes)]
    found: list[list[Box]] = []
    columns: list[Box] = []
    for group in _groups(boxes):
        if all(box.crossing or box.width < _SHORT * page.height for box in group):
            if columns:
                found.append(columns)
                columns = []
            found.append([_across(box) for box in group])
        else:
            columns += group
    return [*found, columns] if columns else found


def _groups(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes by cuts along the columns' beginnings: groups that share no x."""
    found: list[list[Box]] = []
    reach = float("-inf")
    for box in sorted(boxes, key=lambda one: (one.left, one.top)):
        inset = CORE * (box.right - box.left) if box.crossing else 0.0
        if box.left + inset >= reach:
            found.append([])
        found[-1].append(box)
        reach = max(reach, box.right - inset)
    return found


def _across(box: Box) -> Box:
    """A box of a page that was turned for its columns, as it stands on the page."""
    inset = CORE * (box.right - box.left)
    return box._replace(
        left=-box.bottom,
        top=box.left,
        right=-box.top,
        bottom=box.right,
        middle=(box.left + box.right) / 2,
        level=(box.left + box.right) / 2,
        width=box.height,
        height=box.width,
        upper=box.left + inset,
        lower=box.right - inset,
        crossing=False,
    )
