"""A child process that serves one function over a pipe, and that can be killed at any moment.

Decoders and the inline runner's engines live in such processes: native code that crashes, hangs or
swallows memory takes nothing along, and a CUDA context is never inherited, for the child is a fresh
interpreter and no fork.
"""

from __future__ import annotations

import importlib
import os
import pickle
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from actors.deadline import Deadline

_STDERR_TAIL_BYTES = 2000

_GROUP_VARIABLE = "_RAYOCR_PROCESS_GROUP"
"""Environment variable by which whoever a child started is known, whatever process group it is in."""


class ChildDiedError(Exception):
    """The child ended without an answer. `exit_code` is negative for a signal, as in subprocess."""

    def __init__(self, exit_code: int | None, stderr_tail: str) -> None:
        super().__init__(describe_exit(exit_code))
        self.exit_code = exit_code
        self.stderr_tail = stderr_tail


class ChildTimeoutError(Exception):
    """The child gave no answer in time; it is still running and should be killed."""


def describe_exit(exit_code: int | None) -> str:
    """Say in words how a process ended: "Its process ..."."""
    if exit_code is None:
        return "closed its pipe"
    if exit_code < 0:
        try:
            return f"was killed by {signal.Signals(-exit_code).name}"
        except ValueError:
            return f"was killed by signal {-exit_code}"
    return f"exited with code {exit_code}"


def send_object(conn: Connection, obj: Any) -> None:
    """Pickle `obj` over a pipe; arrays travel out of band, so that no second copy of a picture is made."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(obj, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    conn.send((head, [view.nbytes for view in raw]))
    for view in raw:
        _write_all(conn, view)


def receive_object(conn: Connection) -> Any:
    """The counterpart of `send_object`; the arrays that come out are writable and their own memory."""
    head, sizes = conn.recv()
    buffers = []
    for size in sizes:
        buffer = bytearray(size)
        _read_into(conn, memoryview(buffer))
        buffers.append(buffer)
    return pickle.loads(head, buffers=buffers)


def _write_all(conn: Connection, view: memoryview) -> None:
    while view:
        view = view[os.write(conn.fileno(), view) :]


def _read_into(conn: Connection, view: memoryview) -> None:
    """Fill `view` from the pipe. Connection's own recv_bytes_into gathers the whole in a buffer first."""
    while view:
        count = os.readv(conn.fileno(), [view])
        if count == 0:
            raise EOFError
        view = view[count:]


class ChildProcess:
    """A fresh interpreter that runs `target(conn, *args)`, named as "module:function".

    The child ignores Ctrl-C, SIGTERM and SIGHUP (its parent decides) and ends by itself when the parent is
    gone. What it prints goes to an unlinked temporary file; its end is kept for the message when it dies.
    `own_group`: whoever it started, at any depth, and is left when it has ended is killed.
    """

    def __init__(
        self,
        target: str,
        args: tuple[Any, ...] = (),
        env: Mapping[str, str] | None = None,
        *,
        own_group: bool = False,
    ) -> None:
        self._group = secrets.token_hex(8) if own_group else None
        parent_end, child_end = Pipe()
        self._conn = parent_end
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "actors.process", str(child_end.fileno()), str(os.getpid()), target],
                pass_fds=[child_end.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                env={
                    **os.environ,
                    "PYTHONPATH": _python_path(),
                    **({_GROUP_VARIABLE: self._group} if self._group else {}),
                    **(env or {}),
                },
                process_group=0 if own_group else None,
            )
        finally:
            child_end.close()
        self.send(args)

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child is still running."""
        return self._process.poll() is None

    def send(self, obj: Any) -> None:
        """Hand an object to the child. Raises ChildDiedError if nobody is there to take it."""
        try:
            send_object(self._conn, obj)
        except (BrokenPipeError, ConnectionResetError, OSError) as error:
            raise self._death() from error

    def receive(self, timeout_s: float | None = None) -> Any:
        """Wait for the child's next object, for so long by the clock. Raises ChildTimeoutError or
        ChildDiedError."""
        try:
            if not self._conn.poll(timeout_s):
                raise ChildTimeoutError(f"gave no answer within {timeout_s:g} s")
            return receive_object(self._conn)
        except (EOFError, ConnectionResetError, OSError) as error:
            raise self._death() from error

    def receive_by(self, end: Deadline) -> Any:
        """As `receive`, with a deadline that counts what the child had for its work."""
        try:
            while not self._conn.poll(end.pause_s):
                if end.passed() and not self._conn.poll(0):
                    raise ChildTimeoutError(f"gave no answer within {end}")
            return receive_object(self._conn)
        except (EOFError, ConnectionResetError, OSError) as error:
            raise self._death() from error

    def stop(self) -> None:
        """End the child now; from any thread. Whoever waits for it gets a ChildDiedError, and cleans up."""
        if self.alive:
            self._process.kill()

    def kill(self) -> None:
        """End the child now, whatever it is doing, wait until it is gone, and give its pipe back."""
        if self.alive:
            self._process.kill()
        self._process.wait()
        self._end_group()
        self._conn.close()
        self._output.close()

    def close(self, grace_s: float = 2.0) -> None:
        """Let the child end by itself (it sees its pipe close), or kill it after `grace_s` seconds."""
        self._conn.close()
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._end_group()
        self._output.close()

    def _end_group(self) -> None:
        if self._group is None:
            return
        with suppress(ProcessLookupError):  # nobody is left
            os.killpg(self._process.pid, signal.SIGKILL)
        # Ray gives each of its workers a process group; one that is still starting when its raylet dies
        # goes on for as long as it tries to reach it.
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(_GROUP_VARIABLE) == self._group:
                    process.kill()

    def __enter__(self) -> ChildProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _death(self) -> ChildDiedError:
        try:
            exit_code: int | None = self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            exit_code = None
        return ChildDiedError(exit_code, self._stderr_tail())

    def _stderr_tail(self) -> str:
        if self._output.closed:
            return ""
        end = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, end - _STDERR_TAIL_BYTES))
        return self._output.read().decode("utf-8", "replace").strip()


def _python_path() -> str:
    """The parent's import path, so that a package that Ray unpacked is found by the child too."""
    return os.pathsep.join(str(Path(entry).absolute()) if entry else str(Path.cwd()) for entry in sys.path)


def _end_with_parent(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(1.0)
    os._exit(0)


def _left_to_the_parent(_number: int, _frame: object) -> None:
    """A signal to all processes of a run: the parent answers it. An engine that ended by it would look as if
    its page had killed it. No SIG_IGN, which whoever this process starts would inherit."""


def _main() -> None:
    fd, parent_pid, target = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _left_to_the_parent)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup holds for whoever the child starts, too
        signal.signal(signal.SIGHUP, _left_to_the_parent)
    threading.Thread(target=_end_with_parent, args=(parent_pid,), daemon=True).start()
    module, function = target.split(":")
    conn = Connection(fd)
    serve = getattr(importlib.import_module(module), function)
    try:
        serve(conn, *receive_object(conn))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent closed the pipe: the ordinary end


if __name__ == "__main__":
    _main()
