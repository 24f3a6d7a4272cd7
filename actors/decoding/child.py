"""The killable decoder: documents are decoded in a warm child process with limits on time and memory."""

from __future__ import annotations

import pickle
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from actors.attached import Attached
from actors.contracts import DecodedPage, Fault
from actors.deadline import deadline
from actors.decode import CannotOpenError, OpenedDocument, fault_of, first_missing, open_document
from actors.decoding.formats import FORMATS
from actors.decoding.limits import MB, capped_below, limit_memory, memory
from actors.decoding.messages import Idle, Look, Opened
from actors.decoding.start import LIKE_OUT_OF_MEMORY, fresh_child, raise_if_short
from actors.errors import IncompleteError, PageError
from actors.process import ChildDiedError, ChildProcess, ChildTimeoutError, receive_object, send_object
from actors.selection import PageSelection
from actors.settings import DecodeConfig
from actors.shortage import EXIT_SHORTAGE, MEMORY, PAUSES_S, ShortageError, ShortageMetError

TARGET = "actors.decoding.child:serve"

_MAX_LOST = 3
"""Pages of one document that may end their decoder before the rest of it is given up."""

_DOCUMENTS_PER_CHILD = 1000
"""A child is replaced after so many documents, so that what native libraries leak stays small."""

_KEPT_MB = 128.0
"""Resident memory in MiB that a child may keep on top of what it had when it was fresh. With the default
memory limit (1800 MiB) and 100 MiB of libraries a decoder stays below 2 GiB."""


class _LostError(Exception):
    """The child was killed or died, for the reason that `fault` names."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(slots=True)
class _Progress:
    """Which pages of one document need no more work (`done`), and what went wrong with it so far."""

    done: set[int]
    selection: PageSelection
    opened: Opened | None = None
    unopenable: bool = False
    suspect: int | None = None
    losses: int = 0

    @property
    def complete(self) -> bool:
        return self.unopenable or (self.opened is not None and not self.left)

    @property
    def left(self) -> list[int]:
        """Wanted pages that are not done."""
        return [index for index in self.opened.selected if index not in self.done] if self.opened else []

    def note(self, page: DecodedPage) -> None:
        self.done.add(page.page_index)
        self.unopenable |= page.page_count is None

    def worth_another_try(self, fault: Fault) -> bool:
        """Whether this was the first death on its page."""
        page = next(iter(self.left), -1)
        first_death = fault.code == "decode.crashed" and self.suspect != page
        self.suspect = page
        return first_death

    def lost(self, fault: Fault) -> list[DecodedPage]:
        """The page that the child was at, or all that is left once too many were lost."""
        if self.complete:
            return []
        if self.opened is None:
            return [_unopened(fault, self.done, self.selection)]
        count, name = self.opened.page_count, self.opened.format
        self.losses += 1
        lost = self.left if self.losses == _MAX_LOST else self.left[:1]
        first, notices = self.opened.selected[0], self.opened.notices
        return [
            DecodedPage(index, count, name, fault=fault, notices=notices if index == first else ())
            for index in lost
        ]


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
            yield _unopened(fault, skip, selection)
            return
        progress = _Progress(set(skip), selection)
        pauses_s = iter(PAUSES_S)
        while True:
            try:
                for message in self._attempt(data, progress.done):
                    if isinstance(message, Opened):
                        progress.opened = message
                        continue
                    progress.note(message)
                    yield message
                return
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
        assert isinstance(found, bytes)
        return found

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

    def _look(self, data: bytes | memoryview, look: Look) -> bytes | Attached:
        """Raises PageError. A child that died is tried once more."""
        pauses_s, died = iter(PAUSES_S), False
        while True:
            try:
                (found,) = self._attempt(data, look)
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
        assert isinstance(found, bytes | Attached)
        return found

    def _attempt(self, data: bytes | memoryview, ask: Collection[int] | Look) -> Iterator[Any]:
        """One run of the child over a document. Raises _LostError, ShortageMetError and what
        `_warm_child` raises; a child that is not idle is ended."""
        idle = False
        child = self._warm_child()
        try:
            child.send((pickle.PickleBuffer(data), ask if isinstance(ask, Look) else tuple(ask)))
            end = deadline(self._settings.timeout_s, child.pid)
            while not isinstance(message := child.receive_by(end), Idle):
                yield message
                if not isinstance(message, Opened):
                    end = deadline(self._settings.timeout_s, child.pid)
            idle = message.resident_mb < message.fresh_mb + _KEPT_MB and self._served < _DOCUMENTS_PER_CHILD
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
    _warm_up()
    fresh_mb = memory().resident_mb
    while True:
        limit_memory(None)
        send_object(conn, Idle(fresh_mb, memory().resident_mb))
        data, ask = receive_object(conn)
        limit_memory(settings.memory_limit_mb - len(data) / MB)
        if isinstance(ask, Look):
            messages: Iterable[Any] = [_looked(memoryview(data), settings, ask)]
        else:
            messages = _messages(memoryview(data), settings, frozenset(ask), opener)
        try:
            for message in messages:
                send_object(conn, message)
                del message  # a picture of half a gigabyte must not stay while the next one is made
        except ShortageError as error:  # the parent may have another child do it, later
            sys.stderr.write(f"{error.what} {error.why}\n")
            sys.exit(EXIT_SHORTAGE)
        del data


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
        yield Opened(document.page_count, document.format, document.selected, document.notices)
        yield from document.pages(skip)
    finally:
        document.close()


def _looked(data: memoryview, settings: DecodeConfig, look: Look) -> bytes | Attached | Fault:
    from actors.decoding.pdf import attachment_in, attachments_in

    try:
        if look.attached:
            return attachments_in(data, look.path, settings)
        return bytes(attachment_in(data, look.path, settings))
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


def _unopened(fault: Fault, done: Collection[int], selection: PageSelection) -> DecodedPage:
    return DecodedPage(first_missing(done, selection), page_count=None, format=None, fault=fault)


def _death_message(error: ChildDiedError) -> str:
    message = f"the decoder died twice on it; the last one {error}"
    if error.exit_code in LIKE_OUT_OF_MEMORY:
        message += ", as pdfium is when it gets no more memory (decode.memory_limit_mb)"
    words = error.stderr_tail.splitlines()
    return message + (f": {words[-1]}" if words else "")
