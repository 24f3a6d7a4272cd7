"""Ctrl-C is answered at once, whatever the main thread does; a second one ends at once."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from pipelines.interrupt import stop_on_signals


def test_the_first_signal_is_answered_while_the_main_thread_is_busy() -> None:
    stop, answered = threading.Event(), threading.Event()
    with stop_on_signals(stop, answered.set):
        os.kill(os.getpid(), signal.SIGINT)
        deadline = time.monotonic() + 5
        while not answered.is_set() and time.monotonic() < deadline:
            sum(range(1000))
    assert stop.is_set() and answered.is_set()


def test_the_answer_may_want_a_lock_that_the_main_thread_holds() -> None:
    stop, lock, answered = threading.Event(), threading.Lock(), threading.Event()

    def answer() -> None:
        with lock:
            answered.set()

    with stop_on_signals(stop, answer):
        with lock:
            os.kill(os.getpid(), signal.SIGTERM)
            assert not answered.wait(0.2)
        assert answered.wait(5)


def test_a_second_signal_ends_at_once() -> None:
    stop = threading.Event()
    with pytest.raises(KeyboardInterrupt), stop_on_signals(stop, lambda: None):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def test_nobody_asked_nobody_answers() -> None:
    before = signal.getsignal(signal.SIGINT)
    answers: list[int] = []
    with stop_on_signals(threading.Event(), lambda: answers.append(1)):
        pass
    time.sleep(0.1)
    assert answers == []
    assert signal.getsignal(signal.SIGINT) is before
    assert not [thread for thread in threading.enumerate() if thread.name == "stopping"]
