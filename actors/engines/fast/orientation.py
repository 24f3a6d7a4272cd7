"""How a page lies: by the look of it, by the direction of its lines, and by how some of them read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.page_script import is_east_asian

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.engines.fast.page_classifier import Sure

Rotation = Literal[0, 90, 180, 270]
"""Degrees clockwise by which a picture must be turned to be upright."""

Read = Callable[[Sequence["Image"]], list[Reading]]
Look = Callable[["Image"], "Sure"]

_LINES = 6
"""Lines that are read: the longest ones. The half of them that reads best is what counts: on photos of curled
pages most lines read badly either way."""

_SQUARES = 10
"""Of a long line the beginning is read, so many times as long as it is thick: it need not cost more."""

_SIDE = 1.5
"""Long over short side of a line from which it has a direction; as for crops that are turned."""

_CLEAR, _LIKELY = 0.8, 0.4
"""How sure the classifier is where it knows a page; and where it has a guess. Of 996 pages and turned copies
of the labelled sets it is clear and wrong on two, photos of signs, and not clear on 129."""

_SURE = 0.9
"""Score of what is right as it lies: upside down no page of the labelled sets reaches 0.75."""

_READABLE = 0.75
"""Score below which nothing was read: a script that the model does not know, or lines the wrong way round."""

_GAIN = 0.1
"""Score by which lines must read better one way than the other for that to count."""

_NEARLY = 0.15
"""Score by which characters side by side may read worse: they are cut where the line is divided evenly. Lines
of a page that lies on its side lose 0.2 and more."""

_LETTERS, _LINE_LETTERS = 8, 3
"""Letters and digits that were read from which a score says something; and those of a single line."""

_MOST_MIXED = 0.8
"""Part of the length of all lines that runs down, up to which those are asked, too, that run across."""

_MOSTLY, _LEAST_LINES = 0.75, 3
"""Part of the length of all lines that runs down, and how many, from which they are more than labels."""


@dataclass(frozen=True, slots=True)
class Lie:
    """How a page lies. `is_doubtful`: whether it looks turned, and nothing shows by how much."""

    rotation: Rotation = 0
    is_doubtful: bool = False


UPRIGHT = Lie()
_DOUBTFUL = Lie(is_doubtful=True)


class PageTurner:
    """Finds out how pages lie. `look`: the classifier's, None where there is none; `read`: the engine's
    recognition. No page is turned by one of them alone."""

    def __init__(self, look: Look | None, read: Read) -> None:
        self._look = look
        self._read = read

    def lie(self, page: Image, crops: Sequence[Crop]) -> Lie:
        """How a page (H×W×3 uint8 BGR) with these lines lies."""
        lines = _Lines.of(crops)
        if not lines.across and not lines.down:
            return UPRIGHT
        seen = _Seen.of(self._look(page) if self._look else None)
        if not lines.lie and (seen.is_clearly(0) or not self._look):
            return UPRIGHT
        if lines.lie and lines.down_part <= _MOST_MIXED and self._score(_sample(lines.across)).reads(_SURE):
            return UPRIGHT  # a table whose heads are set upwards
        pictures = _sample(lines.down if lines.lie else lines.across)
        as_cut = self._score(pictures)
        if not lines.lie and as_cut.reads(_SURE) and not (as_cut.is_east_asian and seen.is_on_a_side):
            return UPRIGHT
        over = [_over(line) for line in pictures]
        return self._decided(lines, seen, _Way(as_cut, pictures, 0), _Way(self._score(over), over, 180))

    def _decided(self, lines: _Lines, seen: _Seen, as_cut: _Way, over: _Way) -> Lie:
        """How a page lies whose longest lines read so, as they were cut and turned over."""
        best = max(as_cut, over, key=lambda way: way.score.score)
        east_asian = best.score.is_east_asian
        if abs(as_cut.score.score - over.score.score) <= _GAIN or not best.score.reads(_READABLE):
            if lines.lie and seen.is_on_a_side and (lines.are_some or best.score.score >= _SURE):
                return Lie(seen.rotation)
            return _DOUBTFUL if lines.look_turned(seen) else UPRIGHT
        rotation = lines.rotation(best, is_vertical=east_asian and self._is_vertical(best))
        if rotation == 0 or (lines.lie and east_asian and seen.is_clearly(0)):
            return UPRIGHT
        if rotation == seen.rotation and seen.sure > _LIKELY:
            return Lie(rotation)
        if lines.lie:
            enough = best.score.reads(_SURE if seen.sure >= _CLEAR else _READABLE)
            by_reading = enough and lines.mostly_down and not east_asian
        else:
            enough = lines.are_some or best.score.reads(_SURE)
            by_reading = enough and rotation == 180 and seen.sure < _CLEAR
        if by_reading:
            return Lie(rotation)
        return _DOUBTFUL if lines.look_turned(seen) else UPRIGHT

    def _is_vertical(self, way: _Way) -> bool:
        """Whether lines are vertical text, whose characters stand upright: they read as well side by side."""
        score = self._score([_side_by_side(line) for line in way.pictures])
        return score.reads(_READABLE) and score.score > way.score.score - _NEARLY

    def _score(self, pictures: Sequence[Image]) -> _Score:
        return _Score.of(self._read(pictures))


def looks_turned(crops: Sequence[Crop], readings: Sequence[Reading]) -> bool:
    """Whether a page that nobody turned lies on a side, by the direction of its lines: Chinese and Japanese
    are written so on upright pages, too."""
    lines = _Lines.of(crops)
    text = "".join(reading.text for crop, reading in zip(crops, readings, strict=True) if _runs_down(crop))
    return lines.mostly_down and not is_east_asian(text)


def turn(page: Image, rotation: Rotation) -> Image:
    """A picture turned clockwise; its own memory."""
    import numpy as np

    turned: Image = np.ascontiguousarray(np.rot90(page, -rotation // 90))
    return turned


@dataclass(frozen=True, slots=True)
class _Lines:
    """Pictures of the lines of a page that have a direction: those across it from left to right, those that
    run down from top to bottom. `down_part`: part of their length that runs down."""

    across: tuple[Image, ...]
    down: tuple[Image, ...]
    down_part: float

    @classmethod
    def of(cls, crops: Sequence[Crop]) -> _Lines:
        """Of all lines of a page, those with a direction."""
        directed = [crop for crop in crops if crop.image.shape[1] >= _SIDE * crop.image.shape[0]]
        across = tuple(_along(crop) for crop in directed if not _runs_down(crop))
        down = tuple(_along(crop) for crop in directed if _runs_down(crop))
        of_down, whole = (sum(line.shape[1] for line in lines) for lines in (down, across + down))
        return cls(across, down, of_down / max(1, whole))

    @property
    def lie(self) -> bool:
        """Whether more of them run down than across."""
        return self.down_part > 0.5

    @property
    def are_some(self) -> bool:
        """Whether they are more than a label, which may be no text at all."""
        return len(self.across) + len(self.down) >= _LEAST_LINES

    @property
    def mostly_down(self) -> bool:
        """Whether nearly all of them run down, and they are more than labels."""
        return len(self.down) >= _LEAST_LINES and self.down_part >= _MOSTLY

    def look_turned(self, seen: _Seen) -> bool:
        """Whether it looks so, where nothing else is known: by the lines, or by their page's look."""
        if self.lie and self.mostly_down:
            return True
        return self.are_some and seen.sure >= _CLEAR and seen.rotation != 0

    def rotation(self, best: _Way, *, is_vertical: bool) -> Rotation:
        """How far the page must be turned for its longest lines to stand as they read best."""
        if self.lie:  # they were cut turned to the left
            turned: tuple[Rotation, Rotation] = (0, 180) if is_vertical else (270, 90)
        else:
            turned = (90, 270) if is_vertical else (0, 180)
        return turned[0] if best.over == 0 else turned[1]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the classifier says: how far a page must be turned, and how sure that is; 0 where it is not
    there."""

    rotation: Rotation
    sure: float

    @classmethod
    def of(cls, sure: Sure | None) -> _Seen:
        """Of how sure it is of each way in which the page may have been turned."""
        if sure is None:
            return cls(0, 0.0)
        ways: tuple[Rotation, ...] = (0, 270, 180, 90)
        best = max(range(4), key=lambda way: sure[way])
        return cls(ways[best], sure[best])

    def is_clearly(self, rotation: Rotation) -> bool:
        """Whether it knows that this is it."""
        return self.rotation == rotation and self.sure >= _CLEAR

    @property
    def is_on_a_side(self) -> bool:
        """Whether it knows that the page lies on a side."""
        return self.is_clearly(90) or self.is_clearly(270)


@dataclass(frozen=True, slots=True)
class _Way:
    """How lines read one way round: as they were cut, or turned `over` by 180."""

    score: _Score
    pictures: Sequence[Image]
    over: Literal[0, 180]


def _runs_down(crop: Crop) -> bool:
    """Whether a line runs down the page or up, more than across: one that is far from straight is not always
    turned to the left when it is cut."""
    along = crop.polygon[1] - crop.polygon[0]
    return bool(abs(along[1]) > abs(along[0]))


def _along(crop: Crop) -> Image:
    """The picture of a line from its left to its right, or from its top to its bottom."""
    along = crop.polygon[1] - crop.polygon[0]
    return crop.image if along[int(_runs_down(crop))] >= 0 else _over(crop.image)


def _sample(lines: Sequence[Image]) -> list[Image]:
    """The pictures of the longest of some lines, or their beginnings."""

    def weight(line: Image) -> float:
        height, width = line.shape[:2]
        return float(min(width, 8 * height) * height**0.5)

    chosen = sorted(lines, key=weight, reverse=True)[:_LINES]
    return [line[:, : _SQUARES * line.shape[0]] for line in chosen]


@dataclass(frozen=True, slots=True)
class _Score:
    """What the half of some lines says that reads best, and the mean of its scores (0..1), by the length of
    the texts."""

    score: float
    text: str

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> _Score:
        """Of the readings of some lines; those of hardly any letters say nothing."""
        ranked = sorted(readings, key=lambda reading: -reading.score)
        telling = [one for one in ranked if sum(map(str.isalnum, one.text)) >= _LINE_LETTERS]
        best = telling[: (len(readings) + 1) // 2]
        letters = sum(len(one.text) for one in best)
        total = sum(one.score * len(one.text) for one in best)
        return cls(total / max(1, letters), "".join(one.text for one in best))

    def reads(self, least: float) -> bool:
        """Whether that is text, by a score and enough letters."""
        return self.score >= least and sum(map(str.isalnum, self.text)) >= _LETTERS

    @property
    def is_east_asian(self) -> bool:
        """Whether there is Chinese or Japanese in it, which may be vertical."""
        return is_east_asian(self.text)


def _side_by_side(line: Image) -> Image:
    """The cells of a line that was turned to the left, each turned back, from left to right."""
    import numpy as np

    height, width = line.shape[:2]
    count = max(1, round(width / height))
    edges = [round(index * width / count) for index in range(count + 1)]
    cells = [np.rot90(line[:, left:right], -1) for left, right in pairwise(edges)]
    lowest = min(cell.shape[0] for cell in cells)
    joined: Image = np.ascontiguousarray(np.concatenate([cell[:lowest] for cell in cells], axis=1))
    return joined


def _over(line: Image) -> Image:
    import numpy as np

    turned: Image = np.ascontiguousarray(np.rot90(line, 2))
    return turned
