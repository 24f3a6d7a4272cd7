"""The inline runner's decode threads: documents in, pages out; one that hangs is left, and replaced."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from actors.errors import IncompleteError, RayocrError
from actors.leaving import DeadDiskError
from actors.shortage import ShortageError, in_words, shortage_of
from pipelines.job import Job
from pipelines.progress import Progress
from pipelines.runners.handover import PageHandover
from pipelines.runners.silence import DeadMansClock, Heard
from pipelines.stages import pages_to_do

if TYPE_CHECKING:
    from actors.decoding.child import Decoder

_MOST_LEFT = 8
"""Threads that are left and replaced in one run: each keeps its memory; so many mean a disk, no document."""

_NAMED = 3
"""Documents that the error at the end names."""


class _Hand:
    """What one thread is at. `moves` changes with every step; `busy`: it is at a document, and waits for
    nobody else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ticks = 0
        self._clock = DeadMansClock()
        self.ref: DocRef | None = None
        self.decoder: Decoder | None = None
        self.given = 0
        self.moves = 0
        self.busy = False
        self.left = False

    def step(self, *, busy: bool) -> bool:
        """Note a step; False if the thread was left, and is to do nothing any more."""
        with self._lock:
            self.moves += 1
            self.busy = busy
            return not self.left

    def leave_if_hung(self, limit_s: float) -> bool:
        """Leave the thread if it was busy with one step for longer than `limit_s`; True if it is left now."""
        with self._lock:
            if self.left:
                return False
            self._ticks += not self.busy  # one that waits for room is not silent
            heard = Heard((self.moves, self._ticks), ago_s=math.inf)
            self.left = self._clock.hear(heard) > limit_s
            return self.left


class DecodeThreads:
    """Threads with a Decoder each, which share the documents.

    `failed` is told what ended a thread before its time; `pages` is closed when no thread is left at work.
    """

    def __init__(
        self,
        refs: Iterable[DocRef],
        job: Job,
        pages: PageHandover,
        progress: Progress,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._refs = iter(refs)
        self._job = job
        self._pages = pages
        self._progress = progress
        self._failed = failed
        self._lock = threading.Lock()
        self._returned: list[DocRef] = []
        self._at_work: list[_Hand] = []
        self._begun = 0
        self._abandoned = threading.Event()
        self._dead_disk: DeadDiskError | None = None
        self.left: list[DocRef] = []

    def start(self, count: int) -> None:
        """Start so many threads."""
        with self._lock:
            hands = [self._new_hand() for _ in range(count)]
        for hand in hands:
            self._start(hand)

    def leave_hung(self, limit_s: float) -> None:
        """Leave each thread that was at one step for longer than `limit_s` seconds, and start another in its
        place: one document that hangs must not keep the others from their turn."""
        for hand in list(self._at_work):
            if hand.leave_if_hung(limit_s):
                if hand.ref is not None:
                    self.left.append(hand.ref)
                    self._progress.say(f"{hand.ref.key} is left: nothing came of it for {limit_s:.0f} s")
                if hand.decoder is not None:
                    hand.decoder.abort()
                if len(self.left) < _MOST_LEFT:
                    self.start(1)
                self._done(hand)

    def check_left(self, limit_s: float) -> None:
        """Raise IncompleteError if documents were left, or if none could be read any more."""
        if self._dead_disk is not None:
            raise self._dead_disk
        if not self.left:
            return
        names = ", ".join(ref.key for ref in self.left[:_NAMED])
        more = f" and {len(self.left) - _NAMED} more" if len(self.left) > _NAMED else ""
        count = f"{len(self.left)} documents were" if len(self.left) > 1 else "A document was"
        raise IncompleteError(
            f"{count} left for the next run.",
            f"Nothing came of them for {limit_s:.0f} s: {names}{more}. A disk or a mount does not answer.",
            "Check it, then run the same command again: it goes on where it stopped.",
        )

    def abandon(self) -> None:
        """Let every thread end soon, whatever it is at."""
        self._abandoned.set()
        for hand in list(self._at_work):
            if hand.decoder is not None:
                hand.decoder.abort()

    def _new_hand(self) -> _Hand:
        hand = _Hand()
        self._at_work.append(hand)
        self._begun += 1
        return hand

    def _start(self, hand: _Hand) -> None:
        name = f"decode-{self._begun}"
        try:
            threading.Thread(target=self._work, args=(hand,), name=name, daemon=True).start()
        except RuntimeError as error:  # no further thread: those that there are do its share
            self._end(hand, error)

    def _work(self, hand: _Hand) -> None:
        from actors.decoding.child import Decoder

        try:
            with closing(Decoder(self._job.decode)) as decoder:
                hand.decoder = decoder
                while (ref := self._next(hand)) is not None and self._decode(ref, hand, decoder):
                    pass
        except BaseException as error:  # noqa: BLE001 - it is raised again in the driver's own thread
            self._end(hand, error)
        else:
            self._done(hand)

    def _decode(self, ref: DocRef, hand: _Hand, decoder: Decoder) -> bool:
        """Hand over the pages of one document; False if the thread is to end."""
        from actors.documents import read_and_decode

        hand.ref, hand.given = ref, 0
        if not hand.step(busy=True):
            return False
        for page in read_and_decode(ref, decoder, self._job.decode, self._job.access):
            if not hand.step(busy=False):
                return False
            if not hand.given:
                self._progress.opened(pages_to_do(page, self._job.decode.selection))
            hand.given += 1
            if not self._pages.put(page) or not hand.step(busy=True):
                return False
        return hand.step(busy=False)

    def _next(self, hand: _Hand) -> DocRef | None:
        """The next document. Without one the thread is at work no more: what another gives back afterwards
        must not count on it."""
        with self._lock:
            ended = self._abandoned.is_set() or self._dead_disk is not None
            stopping = ended or self._progress.stop.is_set()
            ref = None if stopping else self._returned.pop() if self._returned else next(self._refs, None)
            if ref is None:
                self._take_off(hand)
            return ref

    def _end(self, hand: _Hand, error: BaseException) -> None:
        """A thread failed: others do its share if it is only one too many for the machine. Where disks are
        dead, no document is begun any more, and what was read before is recognised."""
        if isinstance(error, DeadDiskError):
            self._dead_disk = error
            self._done(hand)
            return
        short = shortage_of(error, at_start=True)
        if short is not None and not isinstance(error, RayocrError):
            error = short.error(in_words(error))
        with self._lock:
            others = any(one is not hand for one in self._at_work)
            if others and isinstance(error, ShortageError) and not hand.given:
                if hand.ref is not None:
                    self._returned.append(hand.ref)
                self._take_off(hand)
                self._progress.say(f"a decoder less: {error.what}")
                return
        if not hand.left:  # what was left has nothing to say any more
            self._failed(error)
        self._done(hand)

    def _done(self, hand: _Hand) -> None:
        with self._lock:
            self._take_off(hand)

    def _take_off(self, hand: _Hand) -> None:
        if hand in self._at_work:
            self._at_work.remove(hand)
        if not self._at_work:
            self._pages.close()
