"""A child that tries what a decoder or an engine must not do, in its box or without one."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from actors.codec import Codec
from actors.process import receive_object, send_message, watch_parent
from actors.sandbox import kernel
from actors.sandbox.box import begin_engine, confine_decoder, confine_engine


@dataclass(frozen=True, slots=True)
class Tried:
    """`done`: what came of it, in words, where it was not refused."""

    done: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What an attempt is made on: the parent's process, a port that listens, a secret and a folder."""

    parent: int
    port: int
    secret: str
    folder: str


CODEC = Codec(Tried)


def serve(conn: Connection, box: str) -> None:
    """Answer each (name, Scene) with what came of it."""
    if box == "decoder":
        held = confine_decoder(lambda: None, watch_parent)
        send_message(conn, CODEC, Tried(None, "; ".join(held.lacking)))
    elif box == "engine":
        begin_engine(on_card=False)
        watch_parent()
        confine_engine()
        send_message(conn, CODEC, Tried(None, ""))
    else:
        watch_parent()
        send_message(conn, CODEC, Tried(None, ""))
    while True:
        name, scene = receive_object(conn)
        send_message(conn, CODEC, _tried(ATTEMPTS[name], scene))


def _tried(attempt: Callable[[Scene], object], scene: Scene) -> Tried:
    try:
        return Tried(str(attempt(scene)), "")
    except OSError as error:
        return Tried(None, f"{type(error).__name__} {error.errno}")
    except RuntimeError as error:
        return Tried(None, str(error))


def _connect(scene: Scene) -> str:
    with socket.create_connection(("127.0.0.1", scene.port), timeout=5):
        return "connected"


def _opened(path: str, flags: int) -> str:
    os.close(os.open(path, flags))
    return "opened"


def _fork(_scene: Scene) -> str:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    return "forked"


def _ptrace(_scene: Scene) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(ctypes.c_long(0), 0, None, None) == -1:  # PTRACE_TRACEME
        raise OSError(ctypes.get_errno(), "ptrace")
    return 0


def _own_signals(_scene: Scene) -> int:
    """Signals of a pipe's end to the parent: F_SETOWN needs no right to kill it."""
    here, there = os.pipe()
    try:
        return fcntl.fcntl(here, fcntl.F_SETOWN, _scene.parent)
    finally:
        os.close(here)
        os.close(there)


def _queued_signal(scene: Scene) -> int:
    """Signal 0 with data; the call answers EFAULT or 0 where it may, since nothing is sent."""
    number = 129 if kernel.machine() == "x86_64" else 138
    try:
        return kernel.syscall(number, scene.parent, 0, None)
    except OSError as error:
        if error.errno == errno.EFAULT:
            return error.errno
        raise


def _thread(_scene: Scene) -> str:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    return "started"


def _moved(scene: Scene) -> str:
    Path(scene.secret).rename(scene.secret + ".moved")
    Path(scene.secret + ".moved").rename(scene.secret)
    return "moved"


def _linked(scene: Scene) -> str:
    link = Path(scene.folder, f"link-{os.getpid()}")
    link.symlink_to(scene.secret)
    return "linked"


def _written(scene: Scene) -> str:
    Path(scene.folder, f"new-{os.getpid()}").write_text("x")
    return "written"


ATTEMPTS: dict[str, Callable[[Scene], object]] = {
    "connect": _connect,
    "socketpair": lambda _scene: [end.close() for end in socket.socketpair()],
    "open /etc/passwd to write": lambda _scene: _opened("/etc/passwd", os.O_WRONLY),
    "open /etc/passwd to read": lambda _scene: _opened("/etc/passwd", os.O_RDONLY),
    "read a secret": lambda scene: Path(scene.secret).read_text(),
    "append to a file": lambda scene: _opened(scene.secret, os.O_RDONLY | os.O_APPEND),
    "truncate a file": lambda scene: _opened(scene.secret, os.O_RDONLY | os.O_TRUNC),
    "write a file": _written,
    "make a folder": lambda scene: Path(scene.folder, f"made-{os.getpid()}").mkdir(),
    "remove a file": lambda scene: Path(scene.folder, "to-remove").unlink(),
    "move a file": _moved,
    "link a file": _linked,
    "change a mode": lambda scene: Path(scene.secret).chmod(0o600),
    "list a folder": lambda scene: list(Path(scene.folder).iterdir()),
    "read the parent's environment": lambda scene: Path(f"/proc/{scene.parent}/environ").read_bytes()[:1],
    "read the parent's memory": lambda scene: _opened(f"/proc/{scene.parent}/mem", os.O_RDONLY),
    "fork": _fork,
    "kill the parent": lambda scene: os.kill(scene.parent, 0),
    "queue a signal": _queued_signal,
    "signal by a pipe": _own_signals,
    "limits of the parent": lambda scene: resource.prlimit(scene.parent, resource.RLIMIT_NOFILE),
    "open the parent's process": lambda scene: os.close(os.pidfd_open(scene.parent)),
    "namespace": lambda _scene: kernel.unshare(0x04000000),  # CLONE_NEWUTS
    "memory file": lambda _scene: os.close(os.memfd_create("x")),
    "execve": lambda _scene: os.execve("/bin/true", ["true"], {}),
    "read a library": lambda _scene: Path(ctypes.__file__).read_bytes()[:1],
    "thread": _thread,
    "ptrace": _ptrace,  # last: who is traced stops at its next signal
}
