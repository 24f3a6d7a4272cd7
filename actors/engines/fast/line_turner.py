"""Lines that are upside down on a page, turned over where they read better so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from actors.engines.fast.classifier import LineClassifier
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading

if TYPE_CHECKING:
    from actors.contracts import Image

Read = Callable[[Sequence["Image"]], list[Reading]]

_MAJORITY = 0.5
"""Vote from which a line is taken to be upside down."""

_SURE = 0.9
"""Mean score from which what is read as it lies stays as it is."""


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


def _over(line: Image) -> Image:
    import numpy as np

    turned: Image = np.ascontiguousarray(np.rot90(line, 2))
    return turned
