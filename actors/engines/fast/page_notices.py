"""Notices of a page that was read: text that is lost, of an unknown script, or too small to be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.unread_ink import UnreadInk, unread_ink
from actors.engines.legibility import (
    SeenLine,
    has_numbers_alone,
    is_foreign,
    is_too_small,
    is_unread,
    sure_part,
)
from actors.engines.lost_marks import KnownMarks, loses_marks, marks_of
from actors.notices import ordered

if TYPE_CHECKING:
    from actors.contracts import Image

Read: TypeAlias = "Callable[[Sequence[Image]], list[Reading]]"
"""Reads lines (H×W×3 uint8 BGR each); in order."""

_LOOKS = 3
"""Lines of a suspected page that are looked at once more."""

_SHARP = 0.19
"""Width of edges over the height of the ink, up to which a line is in focus: in worn print and small faxes it
is up to 0.17, in text that nobody reads any more 0.25 and more."""

_LONGEST = 12
"""Width over height of what is looked at of a line."""

_READ, _LETTERS, _LONG = 0.93, 1.0, 3.0
"""Score, letters to each height of a line's ink, and such heights, from which it reads turned over or
mirrored. Print of known languages scores 0.95 and more, that of unknown ones with as many letters 0.88."""

_SKIPPED_FOR_SURE = 0.6
"""Part of what is skipped that is so for sure, from which no line is looked at: of pages that lie upside down
it is 0.4 at most."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What of scripts a model knows. `letters`: whether it reads any."""

    letters: bool
    marks: KnownMarks


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What the lines of a page seem to say. `certain`: codes that are sure; `foreign`: whether it may be in
    an unknown script, and `unread`: whether text may be lost; `lines`: those that are looked at to be sure,
    and `in_doubt`: whether they must be read for that."""

    certain: frozenset[str] = frozenset()
    foreign: bool = False
    unread: bool = False
    in_doubt: bool = False
    lines: tuple[Suspect, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A line's picture, and its ink."""

    image: Image
    ink: UnreadInk


def knowledge_of(characters: Sequence[str]) -> Knowledge:
    """What a model with these characters knows."""
    return Knowledge(any(map(str.isalpha, characters)), marks_of(characters))


def suspicion(
    crops: Sequence[Crop], readings: Sequence[Reading], kept: Sequence[bool], knows: Knowledge
) -> Suspicion:
    """What is to be said of a page's lines. Looks at the ink of those that have room for more characters."""
    if not knows.letters or not readings:
        return Suspicion()
    inks = [unread_ink(crop.image, reading) for crop, reading in zip(crops, readings, strict=True)]
    lines = [
        SeenLine(
            reading.text, reading.score, is_kept, ink.length, ink.unread, ink.pieces, crop.image.shape[0]
        )
        for crop, reading, is_kept, ink in zip(crops, readings, kept, inks, strict=True)
    ]
    certain = set()
    if loses_marks((line.text for line in lines), knows.marks):
        certain.add("script.unknown")
    if is_too_small(lines):
        certain.add("text.too_small")
    foreign, unread = is_foreign(lines) or has_numbers_alone(lines), is_unread(lines)
    if not foreign and not unread:
        return Suspicion(frozenset(certain))
    weights = [max(line.lost, line.unread) for line in lines]
    worst = sorted(range(len(lines)), key=lambda index: (-weights[index], index))[:_LOOKS]
    suspects = tuple(Suspect(crops[index].image, inks[index]) for index in worst if weights[index])
    in_doubt = not foreign or sure_part(lines) < _SKIPPED_FOR_SURE
    return Suspicion(frozenset(certain), foreign, unread, in_doubt, suspects)


def notices(page: Suspicion, read: Read) -> tuple[str, ...]:
    """The codes of a page. Some lines of a suspected one are read once more, turned over and mirrored: a
    page that lies upside down is in a known script, and print that shines through is no text of it."""
    codes = set(page.certain)
    is_turned = is_mirrored = False
    if page.in_doubt:
        starts = [_start(suspect.image) for suspect in page.lines]
        found = read([*(image[::-1, ::-1] for image in starts), *(image[:, ::-1] for image in starts)])
        is_turned = _any_reads(page.lines, found[: len(starts)])
        is_mirrored = _any_reads(page.lines, found[len(starts) :])
    if page.foreign and not is_turned and not is_mirrored and _is_sharp(page.lines):
        codes.add("script.unknown")
    if page.unread and not is_mirrored:
        codes.add("text.unread")
    return ordered(codes)


def _start(image: Image) -> Image:
    return image[:, : _LONGEST * image.shape[0]]


def _any_reads(lines: Sequence[Suspect], found: Sequence[Reading]) -> bool:
    return any(_reads(line, again) for line, again in zip(lines, found, strict=True))


def _reads(line: Suspect, again: Reading) -> bool:
    height, width = line.image.shape[:2]
    length = line.ink.length * min(1.0, _LONGEST * height / width)
    letters = sum(map(str.isalnum, again.text))
    return again.score >= _READ and length >= _LONG and letters >= _LETTERS * length


def _is_sharp(lines: Sequence[Suspect]) -> bool:
    return median([_edge(line.image, line.ink.height) for line in lines]) <= _SHARP


def _edge(image: Image, ink: float) -> float:
    """How wide the edges of a line's letters are, over the height of its ink (`ink` of the picture's)."""
    import cv2
    import numpy as np

    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY)
    steps = cv2.absdiff(grey[:, 1:], grey[:, :-1])
    low, high = np.percentile(grey, (2, 98))
    return float((high - low) / max(1.0, float(np.percentile(steps, 99))) / max(1.0, ink * grey.shape[0]))
