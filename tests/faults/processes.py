"""The processes of a running command, by what they do; frozen, looked at, and killed one by one."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

import psutil

_KINDS = {
    "engine": ("actors.engines.child:serve", "RayRecogniser"),
    "decoder": ("actors.decoding.child:serve",),
    "raylet": ("raylet/raylet",),
    "Ray's driver": ("pipelines.runners.ray_process:serve",),
}
"""Parts of the command lines (or of the titles that Ray gives) of each kind of process."""


class Tree:
    """A command's process with all below it. Remembers whoever it saw, since orphans have no parent."""

    def __init__(self, pid: int) -> None:
        self.driver = psutil.Process(pid)
        self._seen: dict[int, psutil.Process] = {}

    def look(self) -> list[psutil.Process]:
        """Everybody below the driver now."""
        try:
            found = self.driver.children(recursive=True)
        except psutil.NoSuchProcess:
            found = []
        self._seen.update({one.pid: one for one in found})
        return found

    def of_kind(self, kind: str) -> list[psutil.Process]:
        """Processes that do this: `engine`, `decoder`, `decode worker` (Ray's task around a decoder),
        `raylet` or `Ray's driver` (where the runner gave it a process); the driver itself as `driver`."""
        if kind == "driver":
            return [self.driver] if self.driver.is_running() else []
        if kind == "decode worker":
            parents = [one.parent() for one in self.of_kind("decoder")]
            return [one for one in parents if one is not None and one != self.driver]
        return [one for one in self.look() if any(part in _title(one) for part in _KINDS[kind])]

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the driver while it is looked at; it goes on afterwards unless it was killed."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self.driver.suspend()
        try:
            yield
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.driver.resume()

    def end(self, seconds: float = 8.0) -> list[str]:
        """After the driver's death: wait until all that it started is gone, and kill what stays.

        Returns what had stayed.
        """
        gone_by = time.monotonic() + seconds
        while time.monotonic() < gone_by and any(_lives(one) for one in self._seen.values()):
            self._children_of_seen()
            time.sleep(0.2)
        left = [one for one in self._seen.values() if _lives(one)]
        titles = [_title(one) for one in left]
        for one in left:
            kill(one)
        return titles

    def _children_of_seen(self) -> None:
        for one in list(self._seen.values()):
            with contextlib.suppress(psutil.Error):
                self._seen.update({child.pid: child for child in one.children()})


def kill(process: psutil.Process) -> None:
    """SIGKILL, to this process and no other."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGKILL)


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
