"""Documents on a disk by their paths: looked at one by one, or many at once where a look takes long."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from actors.contracts import DocRef, document_id
from actors.uris import escape_name

UNKNOWN = "unknown"
"""The version of a document of which nothing is known before it is read: if it changes, nobody notices."""

_BATCH = 256
_SLOW_S = 0.0002
"""Seconds of a look from which on many are taken at once. A look at a local disk takes some microseconds;
over NFS or SMB, or through a virtual machine's shared folder, half a millisecond and more, mostly waiting."""
_AT_ONCE = 32
_PART = 32
"""Looks that a thread takes from a batch at a time, so that one which is slow leaves the rest to others."""


@dataclass(frozen=True, slots=True)
class Named:
    """A document on a disk before it is looked at: its key, and the operating system's name of its file."""

    key: str
    path: str
    meta: Mapping[str, str] = field(default_factory=dict)


def local_ref(named: Named) -> DocRef:
    """A document on a disk; one that cannot be looked at is listed all the same, and fails when read."""
    try:
        info = os.stat(named.path)  # noqa: PTH116 - of 200,000 names pathlib takes a second more
        version, size = f"{info.st_size}-{info.st_mtime_ns}", info.st_size
    except (OSError, ValueError):  # ValueError: no file can have such a name
        version, size = UNKNOWN, None
    key = named.key
    return DocRef(document_id(key), key, escape_name(named.path), version, size, named.meta)


def local_refs(found: Iterable[Named | DocRef]) -> Iterator[DocRef]:
    """The same for many, in order; what is a document already passes."""
    found = iter(found)
    slow = False
    while batch := list(islice(found, _BATCH * (_AT_ONCE if slow else 1))):
        if slow:
            yield from _at_once(batch)
            continue
        begin = time.perf_counter()
        refs = [_looked_at(one) for one in batch]
        slow = time.perf_counter() - begin > _SLOW_S * len(batch)
        yield from refs


def _at_once(batch: Sequence[Named | DocRef]) -> Iterator[DocRef]:
    """No pool of concurrent.futures: Python's end waits for its threads, and a dead mount keeps them."""
    parts = [batch[start : start + _PART] for start in range(0, len(batch), _PART)]
    waiting = iter(enumerate(parts))
    done: queue.SimpleQueue[tuple[int, list[DocRef] | BaseException]] = queue.SimpleQueue()
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number, part = next(waiting, (-1, ()))
            if number < 0:
                return
            try:
                done.put((number, [_looked_at(one) for one in part]))
            except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
                done.put((number, error))

    for _ in range(min(_AT_ONCE, len(parts))):
        threading.Thread(target=work, name="rayocr-look", daemon=True).start()
    early: dict[int, list[DocRef]] = {}
    for number in range(len(parts)):
        while number not in early:
            of, refs = done.get()
            if isinstance(refs, BaseException):
                raise refs
            early[of] = refs
        yield from early.pop(number)


def _looked_at(one: Named | DocRef) -> DocRef:
    return one if isinstance(one, DocRef) else local_ref(one)
