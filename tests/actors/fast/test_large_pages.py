"""Pages of unusual shape, read by the real model: each line once, whole, and as when its page is alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from actors.contracts import OcrEngine, PageResult
from actors.engines import build_engine
from actors.settings import EngineConfig
from tests.drawn import letters, page, words
from tests.models import require_model

pytestmark = pytest.mark.models


@cache
def engine() -> OcrEngine:
    pytest.importorskip("onnxruntime")
    require_model()
    return build_engine(
        EngineConfig(runtime="onnxruntime", precision="float32", threads=1, rec_squeeze=1.0, charset="latin")
    )


def tall() -> tuple[np.ndarray, list[str]]:
    """620 x 4,120: as a whole its letters would be 5 pixels high."""
    lines = words(11, 100, most=3)
    return page(lines, 24, width=620), lines


def wide() -> tuple[np.ndarray, list[str]]:
    """6,000 x 240, ten columns."""
    lines = words(12, 50, most=3)
    columns = [page(lines[start : start + 5], 24, width=600) for start in range(0, 50, 5)]
    return np.concatenate(columns, axis=1), lines


Drawn = Callable[[], tuple[np.ndarray, list[str]]]


@cache
def alone(drawn: Drawn) -> PageResult:
    return engine().recognize([drawn()[0]])[0]


@pytest.mark.parametrize("drawn", [tall, wide])
def test_each_line_is_read_once_and_whole(drawn: Drawn) -> None:
    _, lines = drawn()
    result = alone(drawn)
    found = Counter(letters(line.text) for line in result.lines)
    expected = Counter(map(letters, lines))
    assert sum((found & expected).values()) >= len(lines) - 1
    assert len(result.lines) == len(lines)


def test_a_page_in_tiles_reads_the_same_beside_others() -> None:
    (first, _), (second, _) = tall(), wide()
    usual = page(words(13, 8), 24)
    apart = [alone(tall), alone(wide), engine().recognize([usual])[0]]
    together = engine().recognize([first, second, usual])
    for one, other in zip(apart, together, strict=True):
        assert [line.polygon for line in one.lines] == [line.polygon for line in other.lines]
        same = [a.text == b.text for a, b in zip(one.lines, other.lines, strict=True)]
        assert sum(same) >= len(same) - 1
