"""The fake engine, for tests: text made from pixels, and faults acted out where a page asks for them."""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from actors.contracts import EngineInfo, Image, Line, PageResult
from actors.settings import EngineConfig

VERSION = "1"


class FakeEngine:
    """Deterministic and without a model. A picture of one colour is an empty page; any other has two lines.

    `config.fake` maps the hex colour of a picture's top left pixel (or "*" for every page, "init" for the
    constructor) to an act: `crash` (SIGSEGV), `exit`, `hang`, `raise`, `memory`, `wrong_count`,
    `leak:MB` (until `release`), `lose:MB` (until the process ends), `sleep:SECONDS`, `large` (raises unless
    `det_limit_side` is set), `once:FILE` (raises if the file is there, and makes it), `drop` (keeps no line,
    and says that text was not read). `fits` is no colour but the most pixels of a call that get memory.
    """

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        self._leaked: list[bytearray] = []
        self._lost: list[bytearray] = []
        self._fits = int(config.fake.get("fits", sys.maxsize))
        self._act(config.fake.get("init", ""))

    @property
    def info(self) -> EngineInfo:
        """See OcrEngine."""
        return describe(self._config)

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        """See OcrEngine."""
        wanted = sum(page.shape[0] * page.shape[1] for page in pages)
        if wanted > self._fits:
            raise MemoryError(f"{wanted} pixels do not fit the fake engine")
        acts = [self._config.fake.get(_colour(page), self._config.fake.get("*", "")) for page in pages]
        for act in acts:
            self._act(act)
        results = [
            _dropped(_read(page)) if act == "drop" else _read(page)
            for page, act in zip(pages, acts, strict=True)
        ]
        return results[:-1] if "wrong_count" in acts else results

    def release(self) -> None:
        """See OcrEngine."""
        self._leaked.clear()

    def close(self) -> None:
        """See OcrEngine."""
        self._leaked.clear()

    def _act(self, act: str) -> None:
        name, _, amount = act.partition(":")
        if name == "crash":
            ctypes.string_at(0)  # in this very thread, as native code would: a sent signal comes late
        elif name == "exit":
            os._exit(9)
        elif name == "hang":
            time.sleep(3600)
        elif name == "raise":
            raise ValueError("the fake engine was told to raise")
        elif name == "large" and self._config.det_limit_side is None:
            raise ValueError("the page is too large for the fake engine")
        elif name == "memory":
            raise MemoryError("the fake engine was told to run out of memory")
        elif name == "leak":
            self._leaked.append(_memory(int(amount)))
        elif name == "lose":
            self._lost.append(_memory(int(amount)))
        elif name == "once":
            Path(amount).touch(exist_ok=False)
        elif name == "sleep":
            time.sleep(float(amount))


def describe(config: EngineConfig) -> EngineInfo:
    """See `describe_engine`."""
    side = config.det_limit_side
    settings = {} if side is None else {"det_limit_side": str(side)}
    return EngineInfo("fake", VERSION, "none", "none", {}, settings, "cpu", config.threads or 1)


def _memory(mebibytes: int) -> bytearray:
    """Memory that is resident, since it was written to."""
    return bytearray(b"\1") * (mebibytes << 20)


def _colour(page: Image) -> str:
    return bytes(page[0, 0]).hex()


def _read(page: Image) -> PageResult:
    if (page == page[0, 0]).all():
        return PageResult()
    height, width = page.shape[:2]
    digest = hashlib.sha256(page.tobytes()).hexdigest()
    return PageResult(
        (
            Line(f"page {width}x{height}", 1.0, _box(0, 0, width, height / 2)),
            Line(f"pixels {digest[:16]}", 0.5, _box(0, height / 2, width, height)),
        )
    )


def _dropped(found: PageResult) -> PageResult:
    """The same page with none of its lines kept."""
    scores = tuple(line.score for line in found.lines)
    return PageResult(notices=("text.unread",) if scores else (), dropped=scores)


def _box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
    corners = (left, top, right, top, right, bottom, left, bottom)
    return tuple(float(value) for value in corners)
