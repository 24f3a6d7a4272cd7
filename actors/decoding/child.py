"""The killable decoder: documents are decoded in a warm child process with limits on time and memory."""

from __future__ import annotations

import os
import pickle
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from actors.attached import Attached
from actors.contracts import DecodedPage, Fault
from actors.deadline import Deadline, deadline
from actors.decode import CannotOpenError, OpenedDocument, fault_of, first_missing, open_document
from actors.decoding.document_progress import DocumentProgress, unopened_page
from actors.decoding.formats import FORMATS
from actors.decoding.limits import MB, MemoryMeter, capped_below, limit_memory
from actors.decoding.messages import CODEC, Content, Idle, Look, Opened, Unconfined, bounds, check
from actors.decoding.start import LIKE_OUT_OF_MEMORY, fresh_child, raise_if_short
from actors.errors import IncompleteError, PageError
from actors.process import (
    ChildDiedError,
    ChildProcess,
    ChildTimeoutError,
    receive_object,
    send_message,
    watch_parent,
)
from actors.sandbox.box import confine_decoder
from actors.settings import DecodeConfig
from actors.shortage import EXIT_SHORTAGE, MEMORY, PAUSES_S, ShortageError, ShortageMetError
from actors.wire import FrameError

TARGET = "actors.decoding.child:serve"


_DOCUMENTS_PER_CHILD = 1000
"""A child is replaced after so many documents, so that what native libraries leak stays small."""

_KEPT_MB = 128.0
"""Resident memory in MiB that a child may keep on top of what it had when it was fresh. With the default
memory limit (1800 MiB) and 100 MiB of libraries a decoder stays below 2 GiB."""

_CPU_FACTOR = 3
"""CPU seconds a page over `decode.timeout_s`: the parent, which counts more justly, comes first."""


class _LostError(Exception):
    """The child was killed or died, for the reason that `fault` names."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Decoder:
    """Decodes documents in a child process that is kept from document to document. Not thread-safe.

    `target` names what the child runs (see `serve`); tests put another in its place.
    """

    def __init__(self, settings: DecodeConfig, target: str = TARGET) -> None:
        self._settings = settings
        self._target = target
        self._child: ChildProcess | None = None
        self._aborted = False
        self._served = 0

    @property
    def pid(self) -> int | None:
        """Process id of the present child, None if there is none."""
        return self._child.pid if self._child else None

    def pages(self, data: bytes | memoryview, skip: Collection[int] = ()) -> Iterator[DecodedPage]:
        """What `decode_document` gives, whatever the content does to its decoder; never raises for it.

        A page that takes longer than `timeout_s` (the first one with the opening of the document) is
        `decode.timeout`. A page on which the child dies is tried once more in a fresh child, then it is
        `decode.crashed`. The other pages are decoded all the same, until three were lost: the rest of the
        document then carries the fault of the third. A document that cannot even be opened is one page,
        with page_count None. Leaving the iterator early ends the child. Raises ShortageError where the
        machine has too little for a child, or for what it answers: that is no document's fault.
        """
        selection = self._settings.selection
        if len(data) > self._settings.memory_limit_mb * MB:
            fault = Fault("decode.too_large", "the file is larger than decode.memory_limit_mb")
            yield unopened_page(fault, skip, selection)
            return
        progress = DocumentProgress(set(skip), selection)
        pauses_s = iter(PAUSES_S)
        while True:
            try:
                for message in self._attempt(data, progress.done, progress.check):
                    if isinstance(message, Opened):
                        progress.open(message)
                        continue
                    progress.note(message)
                    yield message
                if progress.complete:
                    return
                fault = Fault("decode.crashed", "the decoder left out pages")
            except ShortageMetError as error:
                if (fault_of_child := self._waited(error, pauses_s)) is None:
                    continue
                fault = fault_of_child
            except _LostError as error:
                fault = error.fault
            if not progress.complete and progress.worth_another_try(fault):
                continue
            for page in progress.lost(fault):
                progress.note(page)
                yield page
            if progress.complete:
                return

    def attachment(self, data: bytes | memoryview, path: tuple[int, ...]) -> bytes:
        """The content of the file that the places of attachments of a PDF lead to. Raises PageError."""
        found = self._look(data, Look(path, attached=False))
        assert isinstance(found, Content)
        return found.data

    def attached(self, data: bytes | memoryview, path: tuple[int, ...]) -> Attached:
        """What is attached to that file. Raises PageError."""
        found = self._look(data, Look(path, attached=True))
        assert isinstance(found, Attached)
        return found

    def close(self) -> None:
        """End the child."""
        self._discard()

    def abort(self) -> None:
        """Make whatever goes on in the child fail, and let no other child start; from any thread."""
        self._aborted = True
        child = self._child
        if child is not None:
            child.stop()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _look(self, data: bytes | memoryview, look: Look) -> Content | Attached:
        """Raises PageError. A child that died is tried once more."""
        pauses_s, died = iter(PAUSES_S), False
        while True:
            try:
                (found,) = self._attempt(data, look, look.check)
                break
            except ShortageMetError as error:
                if (fault := self._waited(error, pauses_s)) is not None:
                    raise PageError(fault.code, fault.message) from error
            except _LostError as error:
                if died or error.fault.code != "decode.crashed":
                    raise PageError(error.fault.code, error.fault.message) from error
                died = True
        if isinstance(found, Fault):
            raise PageError(found.code, found.message)
        assert isinstance(found, Content | Attached)
        return found

    def _attempt(
        self, data: bytes | memoryview, ask: Collection[int] | Look, due: Callable[[Any], None]
    ) -> Iterator[Any]:
        """One run of the child over a document. `due` raises FrameError for a message out of place. Raises
        _LostError, ShortageMetError and what `_warm_child` raises; a child that is not idle is ended."""
        idle = False
        child = self._warm_child()
        try:
            end = deadline(self._settings.timeout_s, child.pid)
            child.send_by((pickle.PickleBuffer(data), ask if isinstance(ask, Look) else tuple(ask)), end)
            end = deadline(self._settings.timeout_s, child.pid)
            while not isinstance(message := self._next(child, end), Idle):
                due(message)
                yield message
                if not isinstance(message, Opened):
                    end = deadline(self._settings.timeout_s, child.pid)
            idle = message.resident_mb < message.fresh_mb + _KEPT_MB and self._served < _DOCUMENTS_PER_CHILD
        except FrameError as error:
            words = f"the decoder gave an answer out of place: {error}"
            raise _LostError(Fault("decode.crashed", words)) from error
        except ChildTimeoutError as error:
            raise _LostError(Fault("decode.timeout", f"decoding took longer than {end}")) from error
        except ChildDiedError as error:
            raise_if_short(error, self._settings)
            raise _LostError(Fault("decode.crashed", _death_message(error))) from error
        except MemoryError as error:
            why = "This process has none for a picture that a decoder made"
            raise ShortageMetError(MEMORY, why, is_own=True) from error
        finally:
            if not idle:
                self._discard()

    def _waited(self, error: ShortageMetError, pauses_s: Iterator[float]) -> Fault | None:
        """Wait until the next try, then None. After the last one: the document's fault, or ShortageError.

        The word of a child is not enough for that: it is at a document that may be hostile, and another child
        had all it takes to start. What this process sees itself, is.
        """
        pause_s = next(pauses_s, None)
        if pause_s is not None:
            time.sleep(pause_s)
            return None
        if error.shortage is MEMORY and (error.is_own or capped_below(self._settings.memory_limit_mb)):
            raise error.lasting() from error
        words = (
            f"the decoder was short of {error.shortage.what} on it, however often it was tried: {error.why}"
        )
        return Fault("decode.crashed", words)

    def _warm_child(self) -> ChildProcess:
        """The child that is there, or a fresh one. Raises ShortageError, and IncompleteError if none can be
        started at all: without a child no document can be judged."""
        if self._child is None or not self._child.alive:
            self._discard()
            self._child = self._fresh_child()
            self._served = 0
        self._served += 1
        return self._child

    def _fresh_child(self) -> ChildProcess:
        if self._aborted:
            raise IncompleteError("The decoder was ended.")
        return fresh_child(self._target, self._settings)

    def _next(self, child: ChildProcess, end: Deadline) -> Any:
        message = child.receive_message(CODEC, bounds(self._settings), end)
        check(message, self._settings)
        return message

    def _discard(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


def serve(
    conn: Connection,
    settings: DecodeConfig,
    opener: Callable[[memoryview, DecodeConfig], OpenedDocument] = open_document,
) -> None:
    """What the child runs: says Idle, takes (bytes, skip), gives Opened, the pages and Idle; for ever.
    Of (bytes, Look) it gives what was asked for, or a Fault.

    A document that cannot be opened is one DecodedPage and Idle. `opener` is `open_document`, or what
    a test puts in its place.
    """
    meter = MemoryMeter()
    if settings.sandbox == "off":
        _warm_up()
    else:
        held = confine_decoder(_warm_up, watch_parent)
        if settings.sandbox == "required" and held.lacking:
            send_message(conn, CODEC, Unconfined(held.lacking))
            return
    fresh_mb = meter.read().resident_mb
    while True:
        limit_memory(None, meter)
        send_message(conn, CODEC, Idle(fresh_mb, meter.read().resident_mb))
        data, ask = receive_object(conn)
        limit_memory(settings.memory_limit_mb - len(data) / MB, meter)
        if isinstance(ask, Look):
            messages: Iterable[Any] = [_looked(memoryview(data), settings, ask)]
        else:
            messages = _messages(memoryview(data), settings, frozenset(ask), opener)
        try:
            for message in _within(settings, messages):
                send_message(conn, CODEC, message)
                del message  # a picture of half a gigabyte must not stay while the next one is made
        except ShortageError as error:  # the parent may have another child do it, later
            os.write(2, f"{error.what} {error.why}\n".encode())
            sys.exit(EXIT_SHORTAGE)
        del data


def _within(settings: DecodeConfig, messages: Iterable[Any]) -> Iterator[Any]:
    """The messages, each within the CPU seconds that end this process where nobody is there to end it."""
    if settings.sandbox == "off":
        yield from messages
        return
    from actors.sandbox.limits import limit_cpu

    limit_cpu(settings.timeout_s * _CPU_FACTOR)
    for message in messages:
        yield message
        del message
        limit_cpu(settings.timeout_s * _CPU_FACTOR)


def _messages(
    data: memoryview,
    settings: DecodeConfig,
    skip: Collection[int],
    opener: Callable[[memoryview, DecodeConfig], OpenedDocument],
) -> Iterator[Opened | DecodedPage]:
    try:
        document = opener(data, settings)
    except CannotOpenError as error:
        yield DecodedPage(first_missing(skip, settings.selection), None, error.format, fault=error.fault)
        return
    try:
        yield Opened(document.page_count, document.format, document.notices)
        yield from document.pages(skip)
    finally:
        document.close()


def _looked(data: memoryview, settings: DecodeConfig, look: Look) -> Content | Attached | Fault:
    from actors.decoding.pdf import attachment_in, attachments_in

    try:
        if look.attached:
            return attachments_in(data, look.path, settings)
        return Content(bytes(attachment_in(data, look.path, settings)))
    except Exception as error:  # noqa: BLE001 - it must become a fault, whatever a library raises
        return fault_of(error)  # raises what is a shortage


def _warm_up() -> None:
    """Load the libraries before memory is measured, and set them up for a process of one page at a time."""
    from PIL import AvifImagePlugin
    from PIL import Image as PilImage

    for entry in FORMATS:
        entry.opener()
    PilImage.MAX_IMAGE_PIXELS = None  # ours is checked for every format (document.check_size)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    warnings.simplefilter("ignore")


def _death_message(error: ChildDiedError) -> str:
    message = f"the decoder died twice on it; the last one {error}"
    if error.exit_code in LIKE_OUT_OF_MEMORY:
        message += ", as pdfium is when it gets no more memory (decode.memory_limit_mb)"
    words = error.stderr_tail.splitlines()
    return message + (f": {words[-1]}" if words else "")
