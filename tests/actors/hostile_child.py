"""A decoder's child that acts out faults: what tests put in the place of `actors.decoding.child:serve`.

A document is JSON: {"pages": ["ok", "hang", "die", ...], "open": "ok", "marker": "a path"}.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from actors.contracts import Fault
from actors.decode import CannotOpenError, OpenedDocument
from actors.decoding.child import serve
from actors.decoding.document import Picture
from actors.settings import DecodeConfig
from actors.shortage import MEMORY


def script(*pages: str, opening: str = "ok", closing: str = "ok", marker: Path | None = None) -> bytes:
    """A document whose pages do as they are told when they are decoded."""
    return json.dumps(
        {"pages": pages, "open": opening, "close": closing, "marker": str(marker) if marker else None}
    ).encode()


class ScriptedDocument:
    notices: tuple[str, ...] = ()

    def __init__(self, plan: dict) -> None:
        self._plan = plan
        self.page_count = len(plan["pages"])

    def page(self, index: int) -> Picture:
        if self._plan["marker"]:
            with Path(self._plan["marker"]).open("a") as log:
                log.write(f"{index}\n")
        act(self._plan["pages"][index], self._plan["marker"])
        return Picture(np.full((4, 5, 3), index, dtype=np.uint8))

    def close(self) -> None:
        act(self._plan["close"], None)


def act(what: str, marker: str | None) -> None:
    if what == "short" or (what == "short once" and not Path(marker + ".short").exists()):
        Path(marker + ".short").touch()
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    if what == "no memory":
        raise MEMORY.error("says the child")
    if what == "hang":
        time.sleep(3600)
    if what == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "die once" and not Path(marker + ".died").exists():
        Path(marker + ".died").touch()
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "swallow":
        kept: list[np.ndarray] = list(swallowed())
        raise AssertionError(f"{len(kept)} blocks and no limit")
    if what == "fail":
        raise ValueError("as told")


def swallowed() -> Iterator[np.ndarray]:
    for _ in range(64):
        yield np.ones(64 << 20, dtype=np.uint8)


def open_script(data: memoryview, settings: DecodeConfig) -> OpenedDocument:
    plan = json.loads(bytes(data))
    act(plan["open"], plan["marker"])
    if plan["open"] == "refuse":
        raise CannotOpenError(Fault("decode.corrupt", "as told"), None)
    return OpenedDocument(ScriptedDocument(plan), "script", 0.0)


def serve_scripts(conn: Connection, settings: DecodeConfig) -> None:
    serve(conn, settings, open_script)
