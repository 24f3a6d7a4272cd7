"""What an engine's child answers its parent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from actors.codec import Codec
from actors.contracts import EngineInfo, PageResult
from actors.errors import (
    ERROR_CODES,
    ConfigError,
    IncompleteError,
    MemoryLimitError,
    ModelError,
    RayocrError,
)
from actors.governor import Relief
from actors.notices import NOTICE_CODES
from actors.wire import Bounds, FrameError

_ERRORS: dict[str, type[RayocrError]] = {
    kind.__name__: kind for kind in (ConfigError, IncompleteError, MemoryLimitError, ModelError)
}

_HEAD_BYTES_A_PAGE = 32 << 20
"""A page of ten thousand lines with words takes half of it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The first message where an engine cannot be built: an error of `actors.errors`, by its name."""

    kind: Literal["ConfigError", "IncompleteError", "MemoryLimitError", "ModelError"]
    what: str
    why: str
    remedy: str

    @classmethod
    def of(cls, error: RayocrError) -> Refused:
        """An error as data; of a kind that is not named here, what a whole run makes of it."""
        kind = next((name for name, one in _ERRORS.items() if type(error) is one), "IncompleteError")
        return cls(kind, error.what, error.why, error.remedy)  # type: ignore[arg-type]

    @property
    def error(self) -> RayocrError:
        """The same as an exception."""
        return _ERRORS[self.kind](self.what, self.why, self.remedy)


@dataclass(frozen=True, slots=True)
class Failure:
    """What the engine raised on a batch. `memory`: it was a MemoryError."""

    memory: bool
    message: str

    @property
    def error(self) -> Exception:
        """The same as an exception."""
        return MemoryError(self.message) if self.memory else RuntimeError(self.message)


@dataclass(frozen=True, slots=True)
class Answer:
    """To a batch: its results or why there are none, and what is to be done about memory."""

    results: tuple[PageResult, ...]
    relief: Relief
    failure: Failure | None = None


CODEC = Codec(EngineInfo, Refused, Answer)
"""Every message of an engine's child."""


def bounds(pages: int) -> Bounds:
    """What the answer to so many pages may hold."""
    return Bounds(_HEAD_BYTES_A_PAGE * max(1, pages))


def check(answer: Answer) -> None:
    """Raise FrameError for an answer that no engine of ours gives, though its types are right."""
    for result in answer.results:
        if result.fault is not None and result.fault.code not in ERROR_CODES:
            raise FrameError("it has an error code that is none")
        if not set(result.notices) <= NOTICE_CODES.keys():
            raise FrameError("it has a notice that is none")
        if any(len(line.polygon) != 8 for line in result.lines):
            raise FrameError("it has a line without four corners")
