"""One document's bytes from a disk or a store: bounded in size and time, and every failure with its code."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.access import Access
from actors.contracts import DocRef
from actors.errors import ERROR_CODES, PageError
from actors.leaving import DeadDiskError, Leaving, LeftError
from actors.settings import DecodeConfig
from actors.signatures import without_secrets
from actors.store_errors import read_error
from actors.uris import open_filesystem, parse_uri
from actors.web import fetch

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_MB = 1 << 20
_PIECE = 1 << 20

_OF_DISKS = Leaving(8)
_OF_STORES = Leaving(64)
"""What hangs in this process. Of a disk as many as decode threads that are left (pipelines.runners.decoders):
a few files may hang by themselves (FUSE, a bad sector), more are a dead mount. Reads of stores end by
themselves when their libraries give up, after minutes."""

_PAUSES_S = (0.25, 1.0, 4.0)
"""Waits before a second, third and fourth try; stores' own libraries retry a little before that too."""


def read_document(
    ref: DocRef, settings: DecodeConfig, access: Access | Mapping[str, Any] | None = None
) -> bytes:
    """The whole content of a document. `access` as options alone: those of this very document.

    Raises PageError: `read.missing`, `read.denied` (also for what is no regular file: a folder, pipe,
    device, socket or file of the kernel, and for what `access` does not allow), `read.empty`,
    `read.too_large` (before it is read where the size is known), `read.timeout` after `read_timeout_s`, and
    `read.throttled` or `read.interrupted` when a few tries with pauses did not help. Reads end in time
    whatever the store or disk does: a thread that hangs is left. Raises DeadDiskError while so many hang that
    it is no document's fault.
    """
    reach = access if isinstance(access, Access) else Access(ref.location, access or {})
    deadline = time.monotonic() + settings.read_timeout_s
    try:
        uri = parse_uri(ref.location)
        reach.check(ref.location)
    except Exception as error:
        raise read_error(error) from error
    if uri.is_local:
        calls, read = _OF_DISKS, lambda: _read_local(uri.path, settings)
    else:
        calls, read = _OF_STORES, lambda: _read_remote(ref, settings, reach)
    data = _with_retries(lambda: _within(ref, deadline, read, calls), deadline)
    if not data:
        raise PageError("read.empty", "the file holds zero bytes")
    return data


def _with_retries(read: Callable[[], bytes], deadline: float) -> bytes:
    """Call `read` until it gives bytes, its error is no passing one, or the time is up."""
    for pause in (*_PAUSES_S, None):
        try:
            return read()
        except DeadDiskError:
            raise
        except Exception as error:
            fault = read_error(error)
            out_of_time = pause is None or time.monotonic() + pause >= deadline
            if not ERROR_CODES[fault.code].transient or out_of_time:
                raise fault from error
            time.sleep(pause or 0.0)
    raise AssertionError("the last try returns or raises")


def _read_local(path: str, settings: DecodeConfig) -> bytes:
    # What is there now may be a pipe by the time it is opened: O_NONBLOCK opens it without waiting.
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with os.fdopen(file, "rb") as stream:
        info = os.fstat(file)
        if not stat.S_ISREG(info.st_mode):
            raise PageError("read.denied", "it is no regular file, but a folder, pipe, device or socket")
        if info.st_dev in _kernel_devices():
            raise PageError("read.denied", "it is no file of a disk, but one that the kernel makes up")
        _check_size(info.st_size, settings)
        limit = _limit(settings)
        data = stream.read(min(info.st_size, limit) + 1)
        while len(data) > info.st_size and len(data) <= limit and (more := stream.read(_PIECE)):
            data += more  # it grew since
    _check_size(len(data), settings)
    return data


def _kernel_devices() -> frozenset[int]:
    """Devices of what the kernel makes up (proc(5), sysfs(5)): a read there may wait for ever."""
    return frozenset(Path(root).stat().st_dev for root in ("/proc", "/sys") if Path(root).is_mount())


def _limit(settings: DecodeConfig) -> int:
    return int(settings.max_file_mb * _MB)


def _read_remote(ref: DocRef, settings: DecodeConfig, access: Access) -> bytes:
    if ref.size_bytes is not None:
        _check_size(ref.size_bytes, settings)
    data = read_remote(ref.location, _limit(settings), access, ref.size_bytes or None)
    _check_size(len(data), settings)
    return data


def read_remote(uri: str, limit: int, access: Access, size: int | None = None) -> bytes:
    """What a store holds under an address, at most `limit` + 1 bytes of it, whatever it says of the size.
    Raises what stores raise."""
    if uri.startswith(("http://", "https://")):
        return fetch(uri, limit, access)
    filesystem, path = open_filesystem(uri, access.options_for(uri))
    size = _remote_size(filesystem, path) if size is None else size
    if size == 0:
        return b""  # a store has no range of nothing (HTTP 416)
    if size is not None and size > limit:
        return bytes(limit + 1)
    return bytes(filesystem.cat_file(path, start=0, end=limit + 1))


def _remote_size(filesystem: AbstractFileSystem, path: str) -> int | None:
    info = filesystem.info(path)
    if info.get("type") == "directory":
        raise PageError("read.denied", "it is a folder, no file")
    size = info.get("size")
    return int(size) if size is not None else None


def _check_size(size: int, settings: DecodeConfig) -> None:
    if size > settings.max_file_mb * _MB:
        raise PageError(
            "read.too_large",
            f"the file has {size / _MB:.1f} MiB; decode.max_file_mb allows {settings.max_file_mb:g}",
        )


def _within(ref: DocRef, deadline: float, read: Callable[[], bytes], calls: Leaving) -> bytes:
    """Run `read` in a thread and give up on it at the deadline; the thread ends when the store lets it."""
    try:
        return calls.call(without_secrets(ref.key), read, deadline)
    except LeftError:
        raise PageError("read.timeout", "the store did not answer within decode.read_timeout_s") from None
