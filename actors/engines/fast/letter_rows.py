"""Which of the components of a picture stand in rows, as letters do: a fabric has fewer such than a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.engines.fast.glyphs import Mask, Statistics

    Numbers = npt.NDArray[np.int32]

_FARTHEST = 0.7
"""Gap to the next letter of a row, in heights: two letters of a word are nearer, leader dots are not."""

_SIMILAR = 0.6
"""Height of two letters of a word, the lower over the higher, at least; `x` over `l` has 0.7."""

_ALIGNED = 0.2
"""How far the edges of neighbours in a row may be apart, on one of its sides, in heights."""

_STEPS = 6
"""Places in the gap beside a letter that are looked at for the next one."""


def stand_in_rows(labels: Numbers, stats: Statistics, letters: Mask, across: bool) -> Mask:
    """Which components stand in a row of three letters at least, across or down.

    `labels` (H×W) and `stats` (N×5) as OpenCV gives them; `letters`: which of them may be letters (N).
    """
    import numpy as np

    after = _next(labels, stats, letters, across)
    first = np.flatnonzero(after >= 0)
    is_next = np.zeros(len(stats), bool)
    is_next[after[first]] = True
    found = np.zeros(len(stats), bool)
    found[first[is_next[first]]] = True
    middle = found.copy()
    found[after[middle]] = True
    found[first[middle[after[first]]]] = True
    return found


def _next(labels: Numbers, stats: Statistics, letters: Mask, across: bool) -> Numbers:
    """For each component, if it is a letter, the nearest similar one to its right, or below; -1 without."""
    import numpy as np

    after = np.full(len(stats), -1, np.int32)
    some = np.flatnonzero(letters)
    left, top, width, height = (stats[some, column] for column in range(4))
    most_y, most_x = labels.shape[0] - 1, labels.shape[1] - 1
    for step in range(_STEPS, 0, -1):  # the nearest one last, which then counts
        gap = np.ceil(_FARTHEST * (height if across else width) * step / _STEPS).astype(np.int32)
        for along in (0.25, 0.5, 0.75):
            x = left + width - 1 + gap if across else left + (along * width).astype(np.int32)
            y = top + (along * height).astype(np.int32) if across else top + height - 1 + gap
            other = labels[np.minimum(y, most_y), np.minimum(x, most_x)]
            fits = letters[other] & (other != some) & _are_alike(stats[some], stats[other], across)
            after[some[fits]] = other[fits]
    return after


def _are_alike(these: Statistics, those: Statistics, across: bool) -> Mask:
    """Whether components (N×5 each), pair by pair, are similar in height, and aligned; for a row that runs
    down in width, which is the height of letters that lie on their side."""
    import numpy as np

    edge, size = (1, 3) if across else (0, 2)
    higher = np.maximum(these[:, size], those[:, size])
    similar = np.minimum(these[:, size], those[:, size]) >= _SIMILAR * higher
    apart = those[:, edge] - these[:, edge]
    apart_at_the_end = apart + those[:, size] - these[:, size]
    alike: Mask = np.minimum(abs(apart), abs(apart_at_the_end)) <= np.maximum(1, _ALIGNED * higher)
    return alike & similar
