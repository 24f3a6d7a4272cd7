"""Starts a decoder's child, and tells a child that the machine stopped from one that its document did."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from actors.deadline import deadline
from actors.decoding.limits import capped_below
from actors.decoding.messages import CODEC, Idle, Unconfined, bounds
from actors.errors import ConfigError, IncompleteError
from actors.process import ChildDiedError, ChildProcess, ChildTimeoutError
from actors.sandbox.environment import decoder_environment
from actors.settings import DecodeConfig
from actors.shortage import (
    EXIT_SHORTAGE,
    MEMORY,
    PROCESSES,
    ShortageMetError,
    despite_shortage,
    in_words,
    shortage_in,
    shortage_of,
)

START_TIMEOUT_S = 120.0
"""A child that has not loaded its libraries by then will not; usual is half a second."""

LIKE_OUT_OF_MEMORY = (-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL)
"""How pdfium ends itself when an allocation fails."""

_CHILD_ENV = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def fresh_child(target: str, settings: DecodeConfig) -> ChildProcess:
    """A child that has loaded its libraries, so that its start is not counted as time of its first page.

    Raises ShortageError where the machine has too little for one, and IncompleteError if none can be started
    for another reason: without a child no document can be judged.
    """
    return despite_shortage(lambda: _started(target, settings), at_start=True)


def raise_if_short(death: ChildDiedError, settings: DecodeConfig) -> None:
    """Raise ShortageMetError for a child that the machine kept from its work."""
    if death.exit_code == EXIT_SHORTAGE:
        raise ShortageMetError(shortage_in(death.stderr_tail) or MEMORY, last_line(death)) from death
    if death.exit_code in LIKE_OUT_OF_MEMORY and capped_below(settings.memory_limit_mb):
        why = f"A decoder {death}, as pdfium is when it gets no more memory."
        raise ShortageMetError(MEMORY, why) from death


def last_line(death: ChildDiedError) -> str:
    """The last line that a child wrote to stderr, empty if there is none."""
    return next(reversed(death.stderr_tail.splitlines()), "")


def _started(target: str, settings: DecodeConfig) -> ChildProcess:
    """One try. Raises ConfigError without a box that is demanded."""
    confined = settings.sandbox != "off"
    base = decoder_environment(os.environ) if confined else None
    try:
        child = ChildProcess(target, (settings,), _CHILD_ENV, base=base, watches_itself=confined)
    except ChildDiedError as error:
        raise _not_started(error) from error
    except Exception as error:
        if shortage_of(error, at_start=True) is not None:
            raise
        raise _unusable(in_words(error)) from error
    try:
        ready = child.receive_message(CODEC, bounds(settings), deadline(START_TIMEOUT_S, child.pid))
    except ChildDiedError as error:
        child.kill()
        raise _not_started(error) from error
    except ChildTimeoutError as error:
        child.kill()
        raise ShortageMetError(PROCESSES, f"A decoder's process {error}.") from error
    except BaseException:
        child.kill()
        raise
    if not isinstance(ready, Idle):
        child.kill()
        raise no_box(ready.lacking) if isinstance(ready, Unconfined) else _unusable("It answers unasked.")
    return child


def _not_started(death: ChildDiedError) -> Exception:
    """Why a child ended before its first document: for a shortage, which may pass, or for good."""
    line = last_line(death)
    why = f"A decoder's process {death}{': ' * bool(line)}{line}"
    shortage = shortage_in(death.stderr_tail)
    if shortage is None and death.exit_code == -signal.SIGKILL:
        shortage = (
            MEMORY  # the kernel's choice when it has none; a child that has just begun has no other foe
        )
    return _unusable(why) if shortage is None else ShortageMetError(shortage, why)


def _unusable(why: str) -> IncompleteError:
    return IncompleteError(
        "No decoder can be started.",
        why,
        "Check the installation, then run the same command again: it goes on where it stopped.",
    )


def no_box(lacking: Sequence[str]) -> ConfigError:
    """What is said where `decode.sandbox` is `required` and the box is not whole."""
    words = "; ".join(lacking)
    return ConfigError(
        "decode.sandbox is required, and decoders cannot be confined here.",
        f"{words[:1].upper()}{words[1:]}.",
        "Run on a newer kernel, or set decode.sandbox to auto: as far as the kernel goes.",
    )
