"""A real Ray head on this machine, with job submission, for tests: started, used and ended by them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cli import environ


@dataclass(frozen=True)
class Head:
    """Where it answers, and the environment that its clients need (token authentication)."""

    address: str
    environment: dict[str, str]


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def ray_head(folder: Path, cpus: int = 2) -> Iterator[Head]:
    """Start a head and wait until it takes jobs; afterwards end it, by its own process group."""
    token = folder / "token"
    token.write_text(os.urandom(16).hex())
    token.chmod(0o600)
    settings = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_num_workers_soft_limit": "10",
        "RAY_idle_worker_killing_time_threshold_ms": "600000",
    }
    environment = environ(**settings)
    dashboard, port = free_port(), free_port()
    command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block"]
    command += [f"--port={port}", f"--dashboard-port={dashboard}", "--dashboard-host=127.0.0.1"]
    command += [f"--num-cpus={cpus}", f"--object-store-memory={512 << 20}", "--disable-usage-stats"]
    log = (folder / "head.log").open("wb")
    head = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{dashboard}"
    try:
        _wait(address, head)
        yield Head(address, environment)
    finally:
        head.send_signal(signal.SIGTERM)
        try:
            head.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(head.pid, signal.SIGKILL)
            head.wait()
        log.close()


def _wait(address: str, head: subprocess.Popen[bytes], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if head.poll() is not None:
            raise RuntimeError(f"the head ended with {head.returncode}")
        try:
            urllib.request.urlopen(f"{address}/api/version", timeout=5).close()
            return
        except urllib.error.HTTPError:
            return  # it answers, and wants the token
        except OSError:
            time.sleep(0.5)
    raise TimeoutError(f"no head at {address} after {seconds:.0f} s")
