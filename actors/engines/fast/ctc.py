"""Text from the classes of a recognition model's steps: connectionist temporal classification, greedily."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BLANK = 0
"""Class of a step between characters (PaddleX text_recognition/processors.py: CTCLabelDecode)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one crop says: `score` is the mean of the kept steps' scores, 0..1; `steps` are their indexes.

    `places`, where asked for: of each character, its middle in 0..1 of the line's width.
    """

    text: str
    score: float
    steps: tuple[int, ...] = ()
    places: tuple[float, ...] = ()


def collapse(
    classes: npt.NDArray[np.integer], scores: npt.NDArray[np.float32], characters: Sequence[str]
) -> Reading:
    """Drop repeats and blanks. `classes`, `scores`: the best class of each step, and its score (T)."""
    import numpy as np

    kept = classes != BLANK
    kept[1:] &= classes[1:] != classes[:-1]
    (steps,) = kept.nonzero()
    if not steps.size:
        return Reading("", 0.0)
    text = "".join([characters[index] for index in classes[steps].tolist()])
    score = np.float32(np.add.reduce(scores[steps]) / steps.size)  # numpy's mean, without what it asks before
    return Reading(text, float(score), tuple(steps.tolist()))
