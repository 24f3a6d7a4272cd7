"""The lines of a page that are kept, and what is to be said of the page."""

from __future__ import annotations

from dataclasses import dataclass

from actors.contracts import Line, PageResult
from actors.engines.fast.orientation import Rotation
from actors.engines.fast.page_notices import Read, Suspicion, notices


@dataclass(frozen=True, slots=True)
class PageText:
    """The lines of a page that are kept, the scores of the others, and what they all seem to say of it."""

    lines: tuple[Line, ...]
    dropped: tuple[float, ...]
    suspicion: Suspicion

    def result(self, rotation: Rotation, read: Read) -> PageResult:
        """What is handed out. `read`: reads lines once more, where it is not sure what is to be said."""
        said = notices(self.suspicion, read)
        return PageResult(self.lines, rotation, notices=said, dropped=self.dropped)
