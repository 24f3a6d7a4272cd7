"""Shortages of the machine (files, processes, memory, temporary space): tried again, and no page's fault."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from actors.errors import IncompleteError

EXIT_SHORTAGE = 75
"""Exit code of a child that a shortage kept from its work: EX_TEMPFAIL of sysexits.h."""

PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before a second and each further try. A shortage that is over when others end is over by then; a
limit that is too low stays, and a person who waits should soon be told."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """What the machine has too little of, and what a person can do about it."""

    what: str
    remedy: str

    def error(self, why: str) -> ShortageError:
        """The end of a run for it. `why`: the words of the system."""
        return ShortageError(f"The machine is short of {self.what}.", why, f"{self.remedy} {_AGAIN}")


class ShortageError(IncompleteError):
    """A shortage that lasted for all tries. It ends the run, which the same command resumes: a row would say
    of a good page that it is bad."""


class ShortageMetError(Exception):
    """One try met a shortage; the next one may not. `why`: the words of the system. `is_own`: this process
    met it, and no child that says so."""

    def __init__(self, shortage: Shortage, why: str, *, is_own: bool = False) -> None:
        super().__init__(why)
        self.is_own = is_own
        self.shortage = shortage
        self.why = why

    def lasting(self) -> ShortageError:
        """The end of a run for it."""
        return self.shortage.error(self.why)


_AGAIN = "Then run the same command again: it goes on where it stopped."

OPEN_FILES = Shortage(
    "open files", "Raise the limit (ulimit -n), or have fewer decoders (resources.decode_tasks)."
)
PROCESSES = Shortage(
    "processes or threads",
    "Raise the limit (ulimit -u, or the container's limit of pids), or have fewer decoders and engines "
    "(resources.decode_tasks, resources.actors).",
)
MEMORY = Shortage(
    "memory",
    "Give the run more (ulimit -v, or the container's limit), have fewer decoders and engines "
    "(resources.decode_tasks, resources.actors), or lower decode.memory_limit_mb.",
)
SPACE = Shortage("temporary space", "Make room where TMPDIR points to, or in /tmp.")

_BY_ERRNO = {
    errno.EMFILE: OPEN_FILES,
    errno.ENFILE: OPEN_FILES,
    errno.ENOMEM: MEMORY,
    errno.ENOBUFS: MEMORY,
}

_BY_ERRNO_AT_START = _BY_ERRNO | {
    errno.EAGAIN: PROCESSES,  # fork(2); of a read it only says that nothing is there yet
    errno.ENOSPC: SPACE,
    errno.EDQUOT: SPACE,
}

_WORDS = (
    (re.compile(r"too many open files", re.IGNORECASE), OPEN_FILES),
    (re.compile(r"can't start new thread|Resource temporarily unavailable|pthread_create"), PROCESSES),
    (re.compile(r"Cannot allocate memory|MemoryError|bad_alloc|failed to map segment"), MEMORY),
    (re.compile(r"No space left on device|Disk quota exceeded|No usable temporary directory"), SPACE),
)
"""How the C library (strerror), Python, C++ and the dynamic linker put it on stderr."""

_NO_THREAD = "can't start new thread"
_NO_TEMPORARY = "No usable temporary directory"


def shortage_of(error: BaseException, *, at_start: bool = False) -> Shortage | None:
    """The shortage that an error, or one that it came from, tells of; None for every other error.

    `at_start`: it came while a process was started, where more errors tell of one.
    """
    for one in _chain(error):
        found = _shortage_of_one(one, at_start=at_start)
        if found is not None:
            return found
    return None


def shortage_in(words: str) -> Shortage | None:
    """The shortage that the last words of a process tell of."""
    return next((shortage for pattern, shortage in _WORDS if pattern.search(words)), None)


_T = TypeVar("_T")


def despite_shortage(
    call: Callable[[], _T],
    *,
    at_start: bool = False,
    pauses_s: tuple[float, ...] = PAUSES_S,
    sleep: Callable[[float], object] | None = None,
) -> _T:
    """What `call` returns, which is called again after pauses while the machine is short of something.

    `call` must be one that may be repeated. Raises ShortageError when the last try met one too; any other
    error is passed on.
    """
    for pause_s in (*pauses_s, None):
        try:
            return call()
        except ShortageError:
            raise  # whoever raised it was patient already
        except Exception as error:
            shortage = shortage_of(error, at_start=at_start)
            if shortage is None:
                raise
            if pause_s is None:
                raise shortage.error(in_words(error)) from error
            (sleep or time.sleep)(pause_s)
    raise AssertionError("the last try returns or raises")


def in_words(error: BaseException) -> str:
    """An error as one line."""
    if isinstance(error, ShortageMetError):
        return error.why
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _shortage_of_one(error: BaseException, *, at_start: bool) -> Shortage | None:
    if isinstance(error, ShortageMetError):
        return error.shortage
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, RuntimeError):
        return PROCESSES if _NO_THREAD in str(error) else None
    if not isinstance(error, OSError) or error.errno is None:
        return None
    if at_start and _NO_TEMPORARY in str(error):
        return SPACE  # tempfile says ENOENT when no folder of its list can be written
    return (_BY_ERRNO_AT_START if at_start else _BY_ERRNO).get(error.errno)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that it came from, the last one first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
