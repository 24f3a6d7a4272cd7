"""The fake engine: its acts are what they say, in a process that may die of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from actors.engines import build_engine
from actors.settings import EngineConfig
from tests.cli import ROOT
from tests.pictures import picture


def pages(*corners: str | None) -> list[np.ndarray]:
    return [np.asarray(picture(number, corner=corner)) for number, corner in enumerate(corners)]


def fake(**acts: str) -> EngineConfig:
    return EngineConfig(engine="fake", fake=acts)


def test_its_text_tells_pages_apart() -> None:
    results = build_engine(fake()).recognize(pages(None, None))
    texts = [[line.text for line in result.lines] for result in results]
    assert texts[0][0] == texts[1][0] == "page 60x40"
    assert texts[0][1] != texts[1][1]


def test_acts_concern_the_pages_of_their_colour() -> None:
    engine = build_engine(fake(ff0000="raise", **{"00ff00": "wrong_count"}))
    assert len(engine.recognize(pages(None, "0000ff"))) == 2
    with pytest.raises(ValueError, match="told to raise"):
        engine.recognize(pages(None, "ff0000"))
    assert len(engine.recognize(pages("00ff00", None))) == 1


def test_a_star_is_every_page_without_an_act_of_its_own() -> None:
    engine = build_engine(EngineConfig(engine="fake", fake={"*": "memory", "0000ff": "sleep:0"}))
    assert len(engine.recognize(pages("0000ff"))) == 1
    with pytest.raises(MemoryError):
        engine.recognize(pages(None))


def test_unread_keeps_no_line_and_says_so() -> None:
    unread, kept = build_engine(fake(ff0000="unread")).recognize(pages("ff0000", None))
    assert (unread.lines, unread.dropped, unread.notices) == ((), (0.4, 0.2), ("text.unread",))
    assert (kept.dropped, kept.notices) == ((), ())


def test_init_is_the_constructor() -> None:
    with pytest.raises(ValueError, match="told to raise"):
        build_engine(fake(init="raise"))


def test_sleep_takes_its_time() -> None:
    engine = build_engine(EngineConfig(engine="fake", fake={"*": "sleep:0.2"}))
    started = time.monotonic()
    engine.recognize(pages(None))
    assert time.monotonic() - started >= 0.2


LEAK = """
import psutil
import numpy as np
from actors.engines import build_engine
from actors.settings import EngineConfig
process = psutil.Process()
engine = build_engine(EngineConfig(engine="fake", fake={"*": "leak:64"}))
before = process.memory_info().rss
engine.recognize([np.zeros((40, 60, 3), np.uint8)])
leaked = process.memory_info().rss
engine.release()
print((leaked - before) >> 20, (process.memory_info().rss - before) >> 20)
"""


def test_a_leak_grows_until_release() -> None:
    """In a fresh process: in another one the C library may have room for it, which it then keeps."""
    answer = subprocess.run(
        [sys.executable, "-c", LEAK], capture_output=True, text=True, check=True, cwd=ROOT
    )
    leaked, kept = map(int, answer.stdout.split())
    assert leaked > 50
    assert kept < 14


@pytest.mark.faults
@pytest.mark.parametrize(("act", "code"), [("crash", -signal.SIGSEGV), ("exit", 9)])
def test_acts_that_end_the_process(act: str, code: int) -> None:
    program = (
        "import numpy as np\n"
        "from actors.engines import build_engine\n"
        "from actors.settings import EngineConfig\n"
        f"engine = build_engine(EngineConfig(engine='fake', fake={{'ff0000': {act!r}}}))\n"
        "engine.recognize([np.zeros((4, 4, 3), np.uint8)])\n"
        "engine.recognize([np.full((4, 4, 3), (255, 0, 0), np.uint8)])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert answer.returncode == code, answer.stderr
