"""Text from the classes of a recognition model's steps: connectionist temporal classification, greedily."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BLANK = 0
"""Class of a step between characters (PaddleX text_recognition/processors.py: CTCLabelDecode)."""

STEP = 8
"""Pixels of width to a step of the model, which gives one character at most."""

_LEAST = 1e-6
"""Probability below which a step counts as this one, so that its logarithm is finite."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one crop says: `score` is the mean of the kept steps' scores, 0..1; `steps` are their indexes.

    `scores`: of each character, 0..1. `gaps`: before, between and behind the characters, one more than those:
    the probability, 0..1, that nothing was lost there, which is the product over the steps that became no
    character. `places`: of each character, its middle in 0..1 of the line's width. All three are empty where
    nobody knows them. `bound`: what the line's score may be at most, since a part of it stayed uncertain.
    """

    text: str
    score: float
    steps: tuple[int, ...] = ()
    places: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    gaps: tuple[float, ...] = ()
    bound: float = 1.0

    @property
    def has_scores(self) -> bool:
        """Whether each character's score, and the gaps around it, are known."""
        return len(self.scores) == len(self.text) and len(self.gaps) == len(self.text) + 1

    def with_part(
        self,
        part: slice,
        text: str,
        places: Sequence[float],
        scores: Sequence[float],
        gaps: Sequence[float] | None = None,
    ) -> Reading:
        """The reading with other characters in a part of it, which may be empty. `gaps`: around and between
        the new characters, one more than those; None: around them as it was, and nothing lost between them.
        Steps are of the model's own reading, so there are none."""
        start, end, known = part.start, part.stop, self.has_scores
        if known and gaps is None:
            gaps = (self.gaps[start], *[1.0] * (len(text) - 1), self.gaps[end])
        return replace(
            self,
            text=self.text[:start] + text + self.text[end:],
            steps=(),
            places=(*self.places[:start], *places, *self.places[end:]),
            scores=(*self.scores[:start], *scores, *self.scores[end:]) if known else (),
            gaps=(*self.gaps[:start], *(gaps or ()), *self.gaps[end + 1 :]) if known else (),
        )


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
    of_kept = scores[steps]
    score = np.float32(np.add.reduce(of_kept) / steps.size)  # numpy's mean, without what it asks before
    return Reading(
        text,
        float(score),
        tuple(steps.tolist()),
        scores=tuple(of_kept.tolist()),
        gaps=_gaps(scores, steps),
    )


def _gaps(scores: npt.NDArray[np.float32], steps: npt.NDArray[np.intp]) -> tuple[float, ...]:
    """See Reading. The steps of a character after its first one belong to the gap behind it: two equal
    neighbors that became one are a run of steps of which the second half is unsure."""
    import numpy as np

    logs = np.log(np.maximum(scores, _LEAST))
    total = np.concatenate([[0.0], np.add.accumulate(logs)])
    edges = np.concatenate([[0], steps + 1])
    ends = np.concatenate([steps, [len(scores)]])
    found: list[float] = np.exp(total[ends] - total[edges]).tolist()
    return tuple(found)
