"""A region into bands: runs of rows that have a corridor in common, an x-range in which none has ink."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter

from actors.layout.geometry import Box
from actors.layout.headings import headings

_CORRIDOR = 0.1
"""Line heights that a corridor is wide at least, between boxes that are already trimmed to their ink."""

_BREAK = 1.2
"""Line heights of white, over the whole width, at which a band ends if one of its corridors does."""

_BREAK_AT_HEADING = 0.4
"""The same where a heading over several columns closes it."""

_SECTION = 1.0
"""Line heights of white over the whole width between two parts of a band that are looked at by themselves."""

_FEW = 12
"""Intervals that are sorted sooner than searched."""

_DOWN = attrgetter("upper", "left")

Interval = tuple[float, float]


@dataclass(slots=True)
class Band:
    """Rows with the same corridors. `cover`: the x-ranges where they have ink, from left to right;
    `bottom`: the lowest edge; `sections`: its boxes in parts with white between them over the
    whole width."""

    boxes: list[Box]
    cover: list[Interval]
    bottom: float = 0.0
    sections: list[list[Box]] = field(default_factory=list)

    def parts(self) -> list[list[Box]]:
        """The boxes by the range of `cover` that they are in."""
        parts: list[list[Box]] = [[] for _ in self.cover]
        order = sorted([((box.left + box.right) / 2, box) for box in self.boxes], key=itemgetter(0))
        index = 0
        for middle, box in order:
            while middle > self.cover[index][1]:
                index += 1
            parts[index].append(box)
        return parts


def bands(rows: Sequence[Sequence[Box]], height: float) -> list[Band]:
    """Bands from top to bottom. `rows`: as `groups` gives them; `height`: of the page's typical line."""
    found: list[Band] = []
    least = _CORRIDOR * height
    large = headings(rows, height)
    for group in rows:
        if len(group) == 1:
            box = group[0]
            top, bottom, cover = box.top, box.bottom, [(box.left, box.right)]
        else:
            top, bottom = min([box.top for box in group]), max([box.bottom for box in group])
            cover = overlapping([(box.left, box.right) for box in group], least)
        headed = False
        if large:
            reached = [large[box.place] for box in group if box.place in large]
            if reached:
                cover = overlapping([*cover, *((one.left, one.right) for one in reached)], least)
                headed = len(cover) == 1 or any(one.wide for one in reached)
        if found:
            last = found[-1]
            both = joined(last.cover, cover, least)
            if _is_one(last, cover, both, (top - last.bottom) / height, headed):
                if top - last.bottom > _SECTION * height:
                    last.sections.append(list(group))
                else:
                    last.sections[-1].extend(group)
                last.boxes.extend(group)
                last.cover, last.bottom = both, max(last.bottom, bottom)
                continue
        found.append(Band(list(group), cover, bottom, [list(group)]))
    return found


def _is_one(
    band: Band, cover: Sequence[Interval], both: Sequence[Interval], white: float, headed: bool
) -> bool:
    """Whether a group with this cover belongs to a band. `both`: the covers as one; `white`: line heights
    between them; `headed`: a heading over columns is in the group."""
    here, there, left = len(band.cover), len(cover), len(both)
    if here == there == 1 or (left > 1 and left >= here and left >= there):
        return True
    if left == 1 or here == 1:
        return False
    return white <= (_BREAK_AT_HEADING if headed else _BREAK)


def groups(boxes: Iterable[Box]) -> list[list[Box]]:
    """Boxes by horizontal cuts: groups from top to bottom that share no y."""
    found: list[list[Box]] = []
    reach = float("-inf")
    for box in sorted(boxes, key=_DOWN):
        if box.upper >= reach:
            found.append([])
        found[-1].append(box)
        reach = max(reach, box.lower)
    return found


def overlapping(intervals: list[Interval], least: float = 0.0) -> list[Interval]:
    """Intervals as a union, those at most `least` apart joined."""
    intervals.sort()
    union = [intervals[0]]
    for left, right in intervals[1:]:
        last_left, last_right = union[-1]
        if left - last_right > least:
            union.append((left, right))
        elif right > last_right:
            union[-1] = (last_left, right)
    return union


def joined(union: Sequence[Interval], more: Sequence[Interval], least: float) -> list[Interval]:
    """A union with some more intervals joined to it; as `overlapping` of both, but quick for a long union."""
    if len(union) == len(more) == 1:
        (left, right), (other_left, other_right) = union[0], more[0]
        if other_left - right <= least and left - other_right <= least:
            return [(min(left, other_left), max(right, other_right))]
        return [union[0], more[0]] if left < other_left else [more[0], union[0]]
    if len(union) + len(more) <= _FEW:
        return overlapping([*union, *more], least)
    both = list(union)
    for left, right in more:
        start = bisect_left(both, left - least, key=lambda one: one[1])
        end = bisect_right(both, right + least, key=lambda one: one[0])
        met = both[start:end]
        both[start:end] = [(min([left, *(one[0] for one in met)]), max([right, *(one[1] for one in met)]))]
    return both
