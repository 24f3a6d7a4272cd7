"""The file of the run lock: who holds it, and how that is read back, whatever somebody put there."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from pipelines.stored_json import FormError, parsed

LOCK = "_lock.json"
CLAIMS = "_lock"

NO_PID = 0
"""For a process id that the file does not tell: nobody can see whether that process lives."""

_MOST_PID = 2**31 - 1
_NAME = re.compile(r"[\w.:-]{1,255}", re.ASCII)
_PIDS = re.compile(r"[ -~]{0,255}")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a lock, and until when (seconds since the epoch). `pids`: the set of process ids that `pid`
    belongs to; another container may have the same host name and other processes."""

    run_id: str
    host: str
    pid: int
    pids: str
    expires: float


_TREE = TypeAdapter(dict[str, Any])


def content_of(owner: Owner) -> bytes:
    """The file's content."""
    return json.dumps(asdict(owner), indent=2).encode()


def owner_in(content: bytes | None) -> Owner | None:
    """Who holds the lock by this content; None for no lock, and for what is none.

    What counts is the end: a JSON object with a finite number as `expires` is a lock, whatever else it holds,
    for a newer release may say more, or say it otherwise. What is not as this release writes it is "unknown",
    or NO_PID: such a lock ends by its time alone. Without an end nobody can hold it: it was cut off while it
    was written, or is no lock.
    """
    if content is None:
        return None
    try:
        tree = parsed(content, _TREE)
    except FormError:
        return None
    expires = _end(tree.get("expires"))
    if expires is None:
        return None
    return Owner(
        _text(tree.get("run_id"), _NAME),
        _text(tree.get("host"), _NAME),
        _pid(tree.get("pid")),
        _text(tree.get("pids"), _PIDS),
        expires,
    )


def _end(value: object) -> float | None:
    if type(value) not in (int, float):  # a truth value is an int to isinstance
        return None
    try:
        end = float(value)  # type: ignore[arg-type]
    except OverflowError:  # an integer of hundreds of digits
        return None
    return end if math.isfinite(end) else None


def _text(value: object, form: re.Pattern[str]) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else "unknown"


def _pid(value: object) -> int:
    return value if type(value) is int and 0 < value <= _MOST_PID else NO_PID
