"""Ctrl-C is answered at once, whatever the main thread does; a second one ends at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from pipelines.interrupt import stop_on_signals
from tests.cli import ROOT, environ


def answered_while_the_main_thread_is_busy() -> None:
    stop, answered = threading.Event(), threading.Event()
    with stop_on_signals(stop, answered.set):
        os.kill(os.getpid(), signal.SIGINT)
        deadline = time.monotonic() + 5
        while not answered.is_set() and time.monotonic() < deadline:
            sum(range(1000))
    assert stop.is_set() and answered.is_set()


def answer_wants_a_lock_that_the_main_thread_holds() -> None:
    stop, lock, answered = threading.Event(), threading.Lock(), threading.Event()

    def answer() -> None:
        with lock:
            answered.set()

    with stop_on_signals(stop, answer):
        with lock:
            os.kill(os.getpid(), signal.SIGTERM)
            assert not answered.wait(0.2)
        assert answered.wait(5)


def second_signal_ends_at_once() -> None:
    stop = threading.Event()
    with pytest.raises(KeyboardInterrupt), stop_on_signals(stop, lambda: None):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def nobody_asked_nobody_answers() -> None:
    before = signal.getsignal(signal.SIGINT)
    answers: list[int] = []
    with stop_on_signals(threading.Event(), lambda: answers.append(1)):
        pass
    time.sleep(0.1)
    assert answers == []
    assert signal.getsignal(signal.SIGINT) is before
    assert not [thread for thread in threading.enumerate() if thread.name == "stopping"]


@pytest.mark.parametrize(
    "case",
    [
        answered_while_the_main_thread_is_busy,
        answer_wants_a_lock_that_the_main_thread_holds,
        second_signal_ends_at_once,
        nobody_asked_nobody_answers,
    ],
)
def test_in_the_main_thread_of_a_process(case: Callable[[], None]) -> None:
    """Signals are for main threads; that of a process in which tests run may be another's."""
    program = f"from {__name__} import {case.__name__} as case; case()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environ(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
