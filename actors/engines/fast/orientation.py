"""How a page lies: 0, 90, 180 or 270 degrees, from the direction of its lines and the classifier's votes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from actors.engines.fast.classifier import LineClassifier
from actors.engines.fast.crops import Crop, cut
from actors.engines.fast.ctc import Reading
from actors.runtimes.contracts import Floats

if TYPE_CHECKING:
    from actors.contracts import Image

Rotation = Literal[0, 90, 180, 270]
"""Degrees clockwise by which a picture must be turned to be upright."""

Read = Callable[[Sequence["Image"]], list[Reading]]

_VOTERS = 6
"""Lines that vote: the longest ones, which the classifier knows best."""

_SIDE = 1.5
"""Long over short side of a box from which it has a direction; as for crops that are turned."""

_MAJORITY = 0.5
"""Mean of the votes from which the lines are taken to be upside down."""

_SURE = 0.9
"""Mean score from which what is read as it lies stays as it is."""

_NEARLY = 0.1
"""Score by which characters side by side may read worse: they are cut where the line is divided evenly. Lines
of a page that lies on its side lose 0.2 and more."""

_GAIN = 0.1
"""Score by which a page must read better once it is turned over: the classifier knows few scripts."""


class PageTurner:
    """Finds out how pages lie. `read`: the engine's recognition, asked where a page seems to be turned."""

    def __init__(self, classifier: LineClassifier, read: Read) -> None:
        self._classifier = classifier
        self._read = read

    def rotation(self, page: Image, boxes: Sequence[Floats]) -> Rotation:
        """Degrees clockwise to turn a page (H×W×3 uint8 BGR) with these boxes (4×2 each, as detected)."""
        import numpy as np

        down = sum(_height(box) for box in boxes if _height(box) > _SIDE * _width(box))
        across = sum(_width(box) for box in boxes if _width(box) > _SIDE * _height(box))
        lying = down > across
        some = _longest(boxes, lying)
        crops = [crop for box in some if (crop := cut(page, box)) is not None]
        if not crops:
            return 0
        votes = self._classifier.upside_down([crop.image for crop in crops])
        over = float(np.mean(votes)) > _MAJORITY
        if lying:  # its crops were turned to the left, which is how the page must be turned, or the reverse
            return 0 if self._is_vertical(crops) else 90 if over else 270
        return 180 if over and self._reads_better_over(crops) else 0

    def _reads_better_over(self, crops: Sequence[Crop]) -> bool:
        as_it_is = _mean_score(self._read([crop.image for crop in crops]))
        if as_it_is >= _SURE:
            return False
        return _mean_score(self._read([_over(crop.image) for crop in crops])) > as_it_is + _GAIN

    def _is_vertical(self, crops: Sequence[Crop]) -> bool:
        """Whether lines that run down the page are vertical text: its characters stand upright, so they can
        be read when they are put side by side, and not much better when the line lies on its side."""
        lying = [crop.image for crop in crops]
        best = max(_mean_score(self._read(lying)), _mean_score(self._read([_over(line) for line in lying])))
        return _mean_score(self._read([_side_by_side(line) for line in lying])) > best - _NEARLY


class LineTurner:
    """Turns lines that are upside down, among those that were read badly: nobody reads these well."""

    def __init__(self, classifier: LineClassifier, read: Read) -> None:
        self._classifier = classifier
        self._read = read

    def turned(self, crops: Sequence[Crop], readings: Sequence[Reading]) -> tuple[list[Crop], list[Reading]]:
        """Lines and what they say, those turned over that read better so; their polygons begin where the
        text does."""
        import numpy as np

        crops, readings = list(crops), list(readings)
        doubtful = [index for index, reading in enumerate(readings) if reading.score < _SURE]
        votes = self._classifier.upside_down([crops[index].image for index in doubtful])
        over = [index for index, vote in zip(doubtful, votes, strict=True) if vote > _MAJORITY]
        turned = [
            Crop(_over(crops[index].image), np.roll(crops[index].polygon, -2, axis=0)) for index in over
        ]
        again = self._read([crop.image for crop in turned])
        for index, crop, reading in zip(over, turned, again, strict=True):
            if reading.score > readings[index].score:
                crops[index], readings[index] = crop, reading
        return crops, readings


def turn(page: Image, rotation: Rotation) -> Image:
    """A picture turned clockwise; its own memory."""
    import numpy as np

    turned: Image = np.ascontiguousarray(np.rot90(page, -rotation // 90))
    return turned


def _longest(boxes: Sequence[Floats], lying: bool) -> list[Floats]:
    """The longest boxes of a direction that are no longer than the classifier can see well."""
    size = _height if lying else _width
    thick = _width if lying else _height
    directed = [box for box in boxes if size(box) > _SIDE * thick(box)]
    return sorted(directed, key=lambda box: -min(size(box), 8 * thick(box)) * thick(box) ** 0.5)[:_VOTERS]


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


def _mean_score(readings: Sequence[Reading]) -> float:
    """Mean of the scores, by the length of the texts."""
    letters = sum(len(reading.text) for reading in readings)
    return sum(reading.score * len(reading.text) for reading in readings) / max(1, letters)


def _width(box: Floats) -> float:
    import numpy as np

    return float(np.linalg.norm(box[1] - box[0]))


def _height(box: Floats) -> float:
    import numpy as np

    return float(np.linalg.norm(box[3] - box[0]))
