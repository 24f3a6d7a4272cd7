"""Ctrl-C is answered at once, whatever the main thread does; a second one ends at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import psutil
import pytest

from pipelines.interrupt import ended_in_time, stop_on_signals
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


def closed_terminal_is_a_stop_however_often_it_is_told() -> None:
    stop = threading.Event()
    with stop_on_signals(stop, lambda: None):
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGHUP)
        assert stop.is_set()
    with pytest.raises(KeyboardInterrupt), stop_on_signals(stop, lambda: None):
        os.kill(os.getpid(), signal.SIGHUP)  # the second wish


def nohup_stays_in_force() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = threading.Event()
    with ended_in_time(0.2), stop_on_signals(stop, lambda: None):
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(0.5)
    assert not stop.is_set()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def command_that_nobody_else_answers_for_is_interrupted() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        before = signal.getsignal(number)
        with pytest.raises(KeyboardInterrupt), ended_in_time(30):
            os.kill(os.getpid(), number)
            time.sleep(5)
        assert signal.getsignal(number) is before


def command_that_ends_by_itself_is_left_alone() -> None:
    with ended_in_time(0.1):
        pass
    time.sleep(0.5)
    assert not [thread for thread in threading.enumerate() if thread.name == "end-in-time"]


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
        closed_terminal_is_a_stop_however_often_it_is_told,
        nohup_stays_in_force,
        command_that_nobody_else_answers_for_is_interrupted,
        command_that_ends_by_itself_is_left_alone,
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


BLOCKED = """
import os, threading
from concurrent.futures import ThreadPoolExecutor
from pipelines.interrupt import ended_in_time

with ended_in_time(1.0):
    child = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "600")
    while "{where}" == "main":
        try:
            print(child, flush=True)
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
    with ThreadPoolExecutor(1) as pool:
        pool.submit(threading.Event().wait)
        print(child, flush=True)
        pool.submit(int).result()
"""


@pytest.mark.parametrize("where", ["main", "pool"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_waits_for_ever_ends_in_time(where: str, number: signal.Signals) -> None:
    """In its main thread, or in the end of Python, which waits for a pool's threads; with its children."""
    program = BLOCKED.replace("{where}", where)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    child = int(process.stdout.readline())
    process.send_signal(number)
    assert process.wait(30) == 130
    assert "ended 1 s after it was asked to" in process.stderr.read()
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    process.stdout.close()
    process.stderr.close()
