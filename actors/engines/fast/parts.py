"""Parts of a line that are read again: cut out of its picture, and put back into its text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actors.engines.fast.ctc import Reading
from actors.engines.fast.doubt import Part, has_digits
from actors.engines.fast.packing import HEIGHT

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image

_BARE = 0.2
"""Share of the strongest column's contrast up to which a column has no ink."""

_MARGIN = 0.15
"""Line heights of background beside a part: as much as detection leaves beside a line, since characters that
touch the edge of their picture are lost."""

_LEAST = 256
"""Columns of the model, at least, of a number that is read again; what is missing is nothing. The model was
trained on lines with zeros behind them up to 320 columns, and reads the sign at the end of a picture that it
fills worst: of 2,400 doubtful numbers on rendered sheets 44 are misread at full width without it, 37 with 64
columns of nothing, 35 up to 256, and 27 up to 256 at 0.85 of the width."""

_NOTHING = (127, 127, 127)
"""The color that becomes zero for the model, but for a 255th."""

POOR = 0.9
"""Score below which a line is poor as a whole."""


@dataclass(frozen=True, slots=True)
class PartPicture:
    """A part's picture (H×W×3 uint8), and the columns of the line's picture that it shows. `before`: columns
    of background in front of them."""

    image: Image
    left: int
    right: int
    before: int = 0

    def in_line(self, reading: Reading, width: int) -> Reading:
        """A reading of the picture with its places in 0..1 of the line, which is `width` pixels wide."""
        columns = float(self.image.shape[1])
        places = ((self.left - self.before + place * columns) / width for place in reading.places)
        return replace(reading, places=tuple(min(1.0, max(0.0, place)) for place in places))


def whole_line(line: Image, squeeze: float) -> PartPicture:
    """The picture of a whole line (H×W×3 uint8) that is read again; `squeeze` as in ReadRule."""
    return PartPicture(_with_nothing_behind(line, squeeze), 0, line.shape[1])


def columns_of(line: Image, reading: Reading, part: Part) -> tuple[int, int]:
    """The columns of a line's picture (H×W×3 uint8) in which a part of it stands: from and to where the white
    beside the part is widest."""
    width = line.shape[1]
    left = 0 if part.first == 0 else _between(line, reading, part.first - 1, part.first)
    right = width if part.last == len(reading.text) else _between(line, reading, part.last - 1, part.last)
    return left, max(right, left + 1)


def cut_part(
    line: Image, reading: Reading, part: Part, squeeze: float, columns: tuple[int, int] | None = None
) -> PartPicture:
    """The picture of a part of a line (H×W×3 uint8) that is read again; `squeeze` as in ReadRule. `columns`:
    of the line's picture, where they are known from an earlier look."""
    width = line.shape[1]
    left, right = columns or columns_of(line, reading, part)
    margin = int(_MARGIN * line.shape[0])
    before, behind = margin if left else 0, margin if right < width else 0  # a line has room at its own ends
    image = _with_margins(line, left, right, before, behind)
    if has_digits(reading.text[part.first : part.last]):
        image = _with_nothing_behind(image, squeeze)
    return PartPicture(image, left, right, before)


def put_back(
    line: Reading, part: Part, again: Reading, picture: PartPicture, width: int, score: float
) -> Reading:
    """A line's reading with a part of it read again. `width`: of the line's picture in pixels; `score`: of
    the line before any part of it was read again.

    A part that reads well makes no good line of a bad one: below POOR the score does not rise. What shines
    through paper reads as letters here and there, and its lines are to be dropped.
    """
    first, last = part.first, part.last
    scores = (*line.scores[:first], *again.scores, *line.scores[last:])
    mean = sum(scores) / len(scores) if scores else 0.0
    again = picture.in_line(again, width)
    changed = line.with_part(slice(first, last), again.text, again.places, again.scores, again.gaps)
    return replace(changed, score=mean if score >= POOR else min(mean, score))


def trimmed(reading: Reading) -> Reading:
    """A reading without spaces at its ends."""
    first = len(reading.text) - len(reading.text.lstrip())
    last = len(reading.text.rstrip())
    if (first, last) == (0, len(reading.text)) or first >= last:
        return reading
    return replace(
        reading,
        text=reading.text[first:last],
        steps=reading.steps[first:last],
        places=reading.places[first:last],
        scores=reading.scores[first:last],
        gaps=reading.gaps[first : last + 1],
    )


def _between(line: Image, reading: Reading, before: int, after: int) -> int:
    """The column between two characters where the picture has least ink: the middle of the widest gap."""
    reach = 0.0
    if " " in (reading.text[before], reading.text[after]):
        # A character is read up to half of its width early or late. With a space between them that does not
        # matter: its gap is the widest far and wide. Without one, the next gap could be taken for it.
        reach = 0.5 / len(reading.text)
        while before > 0 and reading.text[before] == " ":
            before -= 1
        while after < len(reading.text) - 1 and reading.text[after] == " ":
            after += 1
    width: int = line.shape[1]
    low = min(width - 1, int(max(0.0, reading.places[before] - reach) * width))
    high = max(low + 1, int(min(1.0, reading.places[after] + reach) * width))
    return low + _middle_of_gap(_contrast(line[:, low:high]))


def _contrast(columns: Image) -> npt.NDArray[np.uint8]:
    """Darkest from lightest value of each column, without the rows at the edges, where a rule may be."""
    height = columns.shape[0]
    middle = columns[height // 8 : height - height // 8 or None, :, 1]
    found: npt.NDArray[np.uint8] = middle.max(axis=0) - middle.min(axis=0)
    return found


def _middle_of_gap(contrast: npt.NDArray[np.uint8]) -> int:
    values: Sequence[int] = contrast.tolist()
    least, most = min(values), max(values)
    bare = least + _BARE * (most - least)
    best, at, run = 0, 0, 0
    for column, value in enumerate([*values, most + 1]):
        if value <= bare and column < len(values):
            run += 1
            continue
        if run > best:
            best, at = run, column - run + run // 2
        run = 0
    return at


def _with_margins(line: Image, left: int, right: int, before: int, behind: int) -> Image:
    """Columns of a line with background beside them: that of their edges."""
    import cv2

    found: Image = cv2.copyMakeBorder(line[:, left:right], 0, 0, before, behind, cv2.BORDER_REPLICATE)
    return found


def _with_nothing_behind(picture: Image, squeeze: float) -> Image:
    import cv2

    height, width = picture.shape[:2]
    behind = math.ceil(_LEAST / (HEIGHT * squeeze) * height) - width
    if behind <= 0:
        return picture
    found: Image = cv2.copyMakeBorder(picture, 0, 0, 0, behind, cv2.BORDER_CONSTANT, value=_NOTHING)
    return found
