"""The page classifier: which way round its answers are, and that each page is looked at for itself."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from actors.engines.fast.page_classifier import FILE, MODEL, SHAPE, PageClassifier, placed, runtime_of
from actors.engines.fast.stages import Stages
from actors.models.catalogue import CATALOGUE
from actors.runtimes import load
from actors.runtimes.contracts import Array, Floats, Placement, Weights
from tests.drawn import page, words
from tests.models import require_model


@functools.cache
def classifier(runtime: str) -> PageClassifier:
    weights = Weights("onnx", (require_model(MODEL).path(FILE),))
    return PageClassifier(load(runtime, weights, placed(Placement(), runtime, 1.0)), Stages())


@pytest.mark.models
@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_it_says_how_far_a_page_was_turned_clockwise(runtime: str, quarters: int) -> None:
    sheet = page(words(5, 30, most=7), 26)
    sure = classifier(runtime).look(np.ascontiguousarray(np.rot90(sheet, -quarters)))
    assert sum(sure) == pytest.approx(1, abs=1e-3)
    assert max(range(4), key=lambda way: sure[way]) == quarters
    assert max(sure) > 0.8


@pytest.mark.models
@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (2400, 20), (31, 33), (900, 700)])
def test_pages_of_any_size_are_looked_at(shape: tuple[int, int]) -> None:
    assert len(classifier("onnxruntime").look(np.full((*shape, 3), 255, np.uint8))) == 4


class Seen:
    """A session that remembers what it was given."""

    def __init__(self) -> None:
        self.batches: list[Floats] = []

    def run(self, batch: Floats) -> tuple[Array, ...]:
        self.batches.append(batch.copy())
        return (np.array([[0.1, 0.2, 0.3, 0.4]], np.float32),)

    def release(self) -> None:
        """Nothing to give back."""


def test_pages_go_through_it_one_by_one_and_normalised() -> None:
    session = Seen()
    judge = PageClassifier(session, Stages())
    blue = np.zeros((500, 300, 3), np.uint8)
    blue[..., 0] = 255  # pictures are BGR, the network wants red first
    for _ in range(2):
        assert judge.look(blue) == pytest.approx((0.1, 0.2, 0.3, 0.4))
    assert [batch.shape for batch in session.batches] == [SHAPE, SHAPE]
    red, green, last = session.batches[0][0, :, 0, 0].tolist()
    assert (red, green) == pytest.approx((-0.485 / 0.229, -0.456 / 0.224))
    assert last == pytest.approx((1 - 0.406) / 0.225)


def test_it_looks_at_the_middle_of_a_page() -> None:
    session = Seen()
    sheet = np.zeros((256, 512, 3), np.uint8)
    sheet[:, :144] = sheet[:, 368:] = 255  # beside the square of 224 in the middle
    sheet[:16] = sheet[240:] = 255
    PageClassifier(session, Stages()).look(sheet)
    assert np.ptp(session.batches[0][0, 0]) == 0


@pytest.mark.parametrize(
    ("runtime", "installed", "expected"),
    [
        ("openvino", {"openvino", "onnxruntime"}, "openvino"),
        ("onnxruntime", {"onnxruntime"}, "onnxruntime"),
        ("paddle", {"paddle", "openvino", "onnxruntime"}, "onnxruntime"),
        ("paddle", {"paddle", "openvino"}, "openvino"),
        ("paddle", {"paddle"}, None),
    ],
)
def test_which_runtime_computes_it(runtime: str, installed: set[str], expected: str | None) -> None:
    assert runtime_of(runtime, installed) == expected


@pytest.mark.parametrize("runtime", ["paddle", "onnxruntime"])
def test_it_is_in_float32_and_beside_paddle_on_the_cpu(runtime: str) -> None:
    found = placed(Placement("gpu", "float16", gpu_memory_mb=4_000), runtime, 0.1)
    assert (found.precision, found.gpu_part) == ("float32", 0.1)
    assert found.device == ("cpu" if runtime == "paddle" else "gpu")


def test_the_catalogue_has_it() -> None:
    (file,) = CATALOGUE[MODEL].files
    assert (file.name, file.bytes) == (FILE, 6_783_084)
    assert CATALOGUE[MODEL].pair is None
