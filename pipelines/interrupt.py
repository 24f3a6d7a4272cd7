"""Ctrl-C and SIGTERM as a wish to stop: answered at once; what is done is published, and the run ends."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


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

    def give_answer() -> None:
        if asked.get():
            answer()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            twice.set()
            raise KeyboardInterrupt
        asked.put(True)
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
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
