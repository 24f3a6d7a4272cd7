"""Child processes: objects travel, deaths are told, nothing outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import numpy as np
import psutil
import pytest

from actors.process import (
    ChildDiedError,
    ChildProcess,
    ChildTimeoutError,
    describe_exit,
    receive_object,
    send_object,
)

pytestmark = pytest.mark.faults
HERE = "tests.actors.test_process"


def echo(conn: Connection, *greeting: object) -> None:
    send_object(conn, (os.getpid(), greeting, os.environ.get("RAYOCR_TEST")))
    while True:
        send_object(conn, receive_object(conn))


def complain_and_die(conn: Connection) -> None:
    print("the last words", file=sys.stderr, flush=True)
    os._exit(7)


def hang(conn: Connection) -> None:
    time.sleep(3600)


def leave_a_daemon(conn: Connection) -> None:
    """Start a process that has a session of its own and no tie to this one, say who it is, and die."""
    command = [sys.executable, "-c", "import time; time.sleep(3600)"]
    daemon = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)
    send_object(conn, daemon.pid)
    os._exit(7)


def test_objects_travel() -> None:
    with ChildProcess(f"{HERE}:echo", (1, "two"), {"RAYOCR_TEST": "x"}) as child:
        assert child.receive(60) == (child.pid, (1, "two"), "x")
        picture = np.arange(3 << 20, dtype=np.uint8).reshape(1 << 10, 1 << 10, 3)
        child.send([picture, "text", None])
        came, text, nothing = child.receive(60)
        assert np.array_equal(came, picture) and came.flags.writeable and (text, nothing) == ("text", None)


def test_small_and_empty_arrays_travel() -> None:
    here, there = Pipe()
    for array in (np.zeros((0, 4)), np.array([1.5]), np.zeros((2, 3), order="F")):
        send_object(here, {"array": array})
        assert np.array_equal(receive_object(there)["array"], array)


def test_a_death_is_told_with_its_last_words() -> None:
    with ChildProcess(f"{HERE}:complain_and_die") as child, pytest.raises(ChildDiedError) as caught:
        child.receive(60)
    assert caught.value.exit_code == 7 and "the last words" in caught.value.stderr_tail
    assert "exited with code 7" in str(caught.value)


def test_a_killed_child() -> None:
    with ChildProcess(f"{HERE}:hang") as child:
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(ChildDiedError, match="SIGKILL"):
            child.receive(60)
        with pytest.raises(ChildDiedError):
            child.send(bytes(1 << 22))
        assert not child.alive


def test_a_silent_child_is_killed() -> None:
    with ChildProcess(f"{HERE}:hang") as child:
        with pytest.raises(ChildTimeoutError):
            child.receive(0.2)
        assert child.alive
    assert not child.alive


def test_closing_ends_an_idle_child_gently() -> None:
    child = ChildProcess(f"{HERE}:echo")
    child.receive(60)
    child.close(grace_s=30)
    assert not psutil.pid_exists(child.pid)


def test_whoever_left_the_group_of_a_child_ends_with_it() -> None:
    child = ChildProcess(f"{HERE}:leave_a_daemon", own_group=True)
    daemon = psutil.Process(child.receive(60))
    child.close(grace_s=30)
    gone, alive = psutil.wait_procs([daemon], timeout=30)
    for process in alive:
        process.kill()
    assert gone == [daemon]


def test_a_child_ends_with_its_parent() -> None:
    program = (
        f"import os; from actors.process import ChildProcess\n"
        f"child = ChildProcess('{HERE}:hang'); print(child.pid, flush=True); os._exit(0)"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    child = int(output)
    for _ in range(200):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.1)
    pytest.fail("the child outlived its parent")


def test_exits_in_words() -> None:
    assert describe_exit(None) == "closed its pipe"
    assert describe_exit(-11) == "was killed by SIGSEGV"
    assert describe_exit(-123) == "was killed by signal 123"
