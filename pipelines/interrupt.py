"""Ctrl-C, SIGTERM and a closed terminal: a wish to stop, and an end in time whatever the run waits for."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

EXIT_INTERRUPTED = 130

IN_TIME_S = 14.0
"""Seconds after the first signal at which a command ends, whatever it waits for: 15 s are promised."""

_SAME_HANG_UP_S = 1.0
"""A terminal that closes sends SIGHUP up to three times (the kernel to the group in the foreground, the shell
to its jobs, the kernel when the shell has ended): within so many seconds they are one wish."""

_LAST_WORDS_S = 0.5


def stop_signals() -> tuple[signal.Signals, ...]:
    """The signals by which a person or a scheduler ends a command: SIGINT, SIGTERM, and SIGHUP unless it was
    ignored when the command was started, as nohup does."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return signal.SIGINT, signal.SIGTERM
    return signal.SIGINT, signal.SIGTERM, signal.SIGHUP


@contextmanager
def stop_on_signals(stop: threading.Event, answer: Callable[[], None]) -> Iterator[None]:
    """Set `stop` at the first signal and call `answer`; a second one raises KeyboardInterrupt at once.

    The answer is given in a thread of its own: a handler must not wait for locks that its own thread holds.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread of a program may handle signals
        return

    twice = threading.Event()
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()  # may be filled by a handler
    hung_up_at = -_SAME_HANG_UP_S

    def give_answer() -> None:
        if asked.get():
            answer()

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal hung_up_at
        before, now = hung_up_at, time.monotonic()
        if number == signal.SIGHUP:
            hung_up_at = now
        if stop.is_set():
            if number == signal.SIGHUP and now - before < _SAME_HANG_UP_S:
                return
            twice.set()
            raise KeyboardInterrupt
        asked.put(True)
        stop.set()

    before = {number: signal.signal(number, handle) for number in stop_signals()}
    threading.Thread(target=give_answer, name="stopping", daemon=True).start()
    try:
        yield
    except RuntimeError:
        if twice.is_set():  # raised inside a lock's own wait, where it turns into another error
            raise KeyboardInterrupt from None
        raise
    finally:
        asked.put(False)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ended_in_time(seconds: float = IN_TIME_S) -> Iterator[None]:
    """For a command as a whole: a signal raises KeyboardInterrupt where nobody else answers it, and so many
    seconds after the first one the process is gone.

    Python's own handlers run in the main thread, between two steps of it: not while it is in a call of the
    system that does not return (a dead mount), and no thread ends one that is. So the number of each signal
    also goes to a pipe (`signal.set_wakeup_fd`) that another thread reads. What that thread ends had its time
    to publish; the run's lock is then over by itself, at once for another run on this machine.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    numbers = stop_signals()
    waked_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    before = {number: signal.signal(number, _interrupt) for number in numbers}
    asked, over = threading.Event(), threading.Event()
    threading.Thread(
        target=_end_later, args=(reader, seconds, asked, over), name="end-in-time", daemon=True
    ).start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(waked_before)
        if not asked.is_set():  # else Python's end, which waits for threads, is to be in time, too
            over.set()
        os.close(writer)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_later(reader: int, seconds: float, asked: threading.Event, over: threading.Event) -> None:
    numbers = stop_signals()
    with os.fdopen(reader, "rb", buffering=0) as signals:
        while (number := signals.read(1)) and number[0] not in numbers:
            pass
    if number:
        asked.set()
        if not over.wait(seconds):
            _end_now(seconds)


def _end_now(seconds: float) -> NoReturn:
    """End this process and those that it started."""
    try:
        words = threading.Thread(target=_last_words, args=(seconds,), daemon=True)
        words.start()  # a terminal may be stopped (Ctrl-S), too
        words.join(_LAST_WORDS_S)
        _kill_children()
    finally:
        os._exit(EXIT_INTERRUPTED)


def _last_words(seconds: float) -> None:
    text = (
        f"rayocr: ended {seconds:g} s after it was asked to: a disk, a store or a process did not answer. "
        "What is published stays; the same command goes on.\n"
    )
    with suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), text.encode())


def _kill_children() -> None:
    import psutil

    with suppress(psutil.Error):
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                process.kill()
