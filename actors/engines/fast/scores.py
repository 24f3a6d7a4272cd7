"""Which lines of a page are kept: those that were read with some certainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """Lines that score below `thresh` are dropped, but none that reaches `of_median` of its page's median,
    where the page has `least_lines` at least.

    On a page in a script that the model hardly knows, or on a bad photo of one, all lines score low, and many
    of their characters are still right; on a clean page a line that stands out by its low score is nearly
    always wrong. The median of a few words in a photo of a street says nothing: most may be unreadable.
    """

    thresh: float
    of_median: float | None = None
    least_lines: int = 1

    def bound(self, scores: Sequence[float]) -> float:
        """The least score, 0..1, of a line that is kept, given those of all lines of its page."""
        if self.of_median is None or len(scores) < self.least_lines:
            return self.thresh
        return min(self.thresh, self.of_median * median(scores))
