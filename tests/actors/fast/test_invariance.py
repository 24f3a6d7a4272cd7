"""A page reads the same alone and in any batch."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from actors.contracts import OcrEngine
from actors.engines import build_engine
from actors.runtimes.cpu import cpu_has_bfloat16
from actors.settings import EngineConfig
from tests.data import require_data
from tests.invariance import compare, drawn
from tests.models import require_model

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(900)]

LEAST = 0.999
"""Share of lines whose text must be the same: two classes may be as good as each other to the last bit."""

BFLOAT16 = pytest.mark.skipif(not cpu_has_bfloat16(), reason="this CPU has no bfloat16")


@pytest.fixture(
    scope="module",
    params=[
        ("onnxruntime", "float32"),
        ("openvino", "float32"),
        pytest.param(("openvino", "bfloat16"), marks=BFLOAT16),
    ],
    ids=" ".join,
)
def engine(request: pytest.FixtureRequest) -> Iterator[OcrEngine]:
    runtime, precision = request.param
    pytest.importorskip(runtime)
    require_model()
    built = build_engine(EngineConfig(runtime=runtime, precision=precision, threads=1))
    yield built
    built.close()


@settings(deadline=None, max_examples=4, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(st.integers(0, 500), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_drawn_pages(engine: OcrEngine, seeds: list[int], chance: random.Random) -> None:
    pages = [drawn(seed) for seed in seeds]
    alone = [engine.recognize([one])[0] for one in pages]
    order = list(range(len(pages)))
    chance.shuffle(order)
    together = engine.recognize([pages[index] for index in order])
    lines, same = compare([alone[index] for index in order], together)
    assert lines > 0
    assert same >= LEAST * lines


@pytest.mark.data
def test_labelled_pages(engine: OcrEngine) -> None:
    """The first and the third of each set: the second Chinese one takes longer than all of these together."""
    folder, pages = require_data(), []
    for name in ("sroie", "funsd", "scene", "chinese"):
        rows = (folder / name / "gt.jsonl").read_text("utf-8").splitlines()[:3:2]
        pages += [Image.open(folder / name / json.loads(row)["file"]).convert("RGB") for row in rows]
    for picture in pages:
        picture.thumbnail((1100, 1100))
    arrays = [np.asarray(picture) for picture in pages]
    alone = [engine.recognize([one])[0] for one in arrays]
    lines, same = compare(alone, engine.recognize(arrays))
    assert lines > 150
    assert same >= LEAST * lines
