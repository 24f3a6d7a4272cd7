"""A child process that serves one function over a pipe, and that can be killed at any moment.

Decoders and the inline runner's engines live in such processes: native code that crashes, hangs or
swallows memory takes nothing along, and a CUDA context is never inherited, for the child is a fresh
interpreter and no fork.

What a child is told is pickled: it comes from its own parent. What a child answers that has touched a user's
files is parsed (actors.wire, actors.codec), for a file may have taken it over: `send_message`,
`receive_message`. Ray's driver, which runs nothing but our code and Ray's, answers with objects
(`receive`).
"""

from __future__ import annotations

import importlib
import os
import pickle
import secrets
import signal
import socket
import struct
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

from actors.codec import Codec
from actors.deadline import Deadline
from actors.patience import Patience
from actors.process_errors import ChildAnswerError, ChildDiedError, ChildTimeoutError, describe_exit
from actors.wire import Bounds, FrameError, frame_parts, read_frame

__all__ = [
    "ChildAnswerError",
    "ChildDiedError",
    "ChildProcess",
    "ChildTimeoutError",
    "describe_exit",
    "receive_object",
    "send_message",
    "send_object",
    "watch_parent",
]

_STDERR_TAIL_BYTES = 2000

_GROUP_VARIABLE = "_RAYOCR_PROCESS_GROUP"
"""Environment variable by which whoever a child started is known, whatever process group it is in."""


_OBJECT = struct.Struct("!QI")
"""Before a pickled object: its bytes, and how many buffers follow. Then their sizes, 8 bytes each."""


def send_object(conn: Connection, obj: Any) -> None:
    """Pickle `obj` over a pipe; arrays travel out of band, so that no second copy of a picture is made."""
    for part in _object_parts(obj):
        _write_all(conn, part)


def receive_object(conn: Connection) -> Any:
    """The counterpart of `send_object`, for what comes from somebody who is trusted; the arrays that come out
    are writable and their own memory."""

    def read(size: int) -> bytearray:
        buffer = bytearray(size)
        _read_into(conn, memoryview(buffer))
        return buffer

    length, count = _OBJECT.unpack(read(_OBJECT.size))
    sizes = struct.unpack(f"!{count}Q", read(8 * count))
    head = read(length)
    return pickle.loads(head, buffers=[read(size) for size in sizes])


def send_message(conn: Connection, codec: Codec, message: Any) -> None:
    """Send a declared message to a parent that parses it. Raises TypeError for one that was not declared."""
    for part in frame_parts(*codec.encode(message)):
        _write_all(conn, part)


def _object_parts(obj: Any) -> list[memoryview]:
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(obj, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    sizes = struct.pack(f"!{len(raw)}Q", *[view.nbytes for view in raw])
    return [memoryview(_OBJECT.pack(len(head), len(raw)) + sizes + head), *raw]


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
    `own_group`: whoever it started, at any depth, and is left when it has ended is killed. `base`: the
    environment that `env` is added to; None: all of this process's. `watches_itself`: the child calls
    `watch_parent`.
    """

    def __init__(
        self,
        target: str,
        args: tuple[Any, ...] = (),
        env: Mapping[str, str] | None = None,
        *,
        own_group: bool = False,
        base: Mapping[str, str] | None = None,
        watches_itself: bool = False,
    ) -> None:
        self._group = secrets.token_hex(8) if own_group else None
        parent_end, child_end = Pipe()
        self._conn = parent_end
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        try:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "actors.process", str(child_end.fileno()), str(os.getpid())),
                    *(target, "watches itself" if watches_itself else "watch"),
                ],
                pass_fds=[child_end.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                env={
                    **(os.environ if base is None else base),
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

    def send_by(self, obj: Any, end: Deadline) -> None:
        """As `send`, to a child that may not take it: raises ChildTimeoutError then."""
        try:
            # os.write waits until all is written, however long nobody reads; a socket can be asked not to.
            with socket.socket(fileno=os.dup(self._conn.fileno())) as pipe:
                patience = Patience(pipe.fileno(), end, writes=True)
                for part in _object_parts(obj):
                    patience.write(pipe, part)
        except (BrokenPipeError, ConnectionResetError, OSError) as error:
            raise self._death() from error

    def receive_message(self, codec: Codec, bounds: Bounds, end: Deadline) -> Any:
        """The child's next message, whole, with a deadline that counts what the child had for its work.

        Raises ChildTimeoutError, ChildDiedError, and ChildAnswerError for anything but a declared message
        within `bounds`: the child is ended then. Raises MemoryError where an allowed picture does not fit.
        """
        try:
            patience = Patience(self._conn.fileno(), end)
            return codec.decode(*read_frame(patience.fill, bounds))
        except FrameError as error:
            self.stop()
            raise ChildAnswerError(str(error)) from error
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


def watch_parent() -> None:
    """End this process when its parent is gone. Done at the start, except for a child that has yet to be put
    into its box (see actors.sandbox.box), which calls it itself."""
    threading.Thread(target=_end_with_parent, args=(int(sys.argv[2]),), daemon=True).start()


def _end_with_parent(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(1.0)
    os._exit(0)


def _left_to_the_parent(_number: int, _frame: object) -> None:
    """A signal to all processes of a run: the parent answers it. An engine that ended by it would look as if
    its page had killed it. No SIG_IGN, which whoever this process starts would inherit."""


def _main() -> None:
    fd, target, watches = int(sys.argv[1]), sys.argv[3], sys.argv[4] == "watch"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _left_to_the_parent)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup holds for whoever the child starts, too
        signal.signal(signal.SIGHUP, _left_to_the_parent)
    if watches:
        watch_parent()
    module, function = target.split(":")
    conn = Connection(fd)
    serve = getattr(importlib.import_module(module), function)
    try:
        serve(conn, *receive_object(conn))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent closed the pipe: the ordinary end


if __name__ == "__main__":
    _main()
