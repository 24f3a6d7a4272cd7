"""The input of recognition: a line's picture at the model's height, and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pytest

from actors.engines.fast.ctc import Reading
from actors.engines.fast.packing import PackRule
from actors.engines.fast.recognition import ReadRule, Recogniser
from actors.runtimes.contracts import Array, Floats


class Seen:
    """A session that keeps what it is given."""

    def __init__(self) -> None:
        self.batches: list[Floats] = []

    def run(self, batch: Floats) -> tuple[Array, ...]:
        self.batches.append(batch.copy())
        return (np.zeros(len(batch)),)

    def release(self) -> None:
        """Nothing to give back."""


def unread(outputs: Sequence[Array]) -> Iterator[Reading]:
    return (Reading("", 1.0) for _ in outputs[0])


@pytest.mark.parametrize("width", [16, 48, 64, 320])
def test_a_strip_has_the_very_numbers_of_stock(width: int) -> None:
    """PaddleX: resized, x / 255, - 0.5, / 0.5, each in float32. All 256 values are in the picture."""
    line = np.random.default_rng(width).integers(0, 256, (48, width, 3), dtype=np.uint8)
    line.reshape(-1)[:256] = np.arange(256)
    session = Seen()
    rule = ReadRule(1.0, 0.0, PackRule(4096, (4, 1), made_up=True))
    Recogniser(session, unread, rule).read([line, cv2.resize(line, (width * 2, 96)), line[:, ::-1]])
    (batch,) = session.batches
    assert len(batch) == 4, "one row is empty"
    picture = line.astype(np.float32).transpose(2, 0, 1)
    expected = (picture / np.float32(255) - np.float32(0.5)) / np.float32(0.5)
    assert (batch[0] == expected).all()
    assert (batch[2] == expected[:, :, ::-1]).all()
    assert not batch[3].any()


@pytest.mark.parametrize(("width", "rows"), [(128, 48), (160, 48), (192, 44), (1024, 44)])
def test_of_wide_pictures_the_middle_rows_are_read(width: int, rows: int) -> None:
    """Each row of the line has its own grey; the same line is read whole where nothing is trimmed."""
    line = np.repeat(np.arange(0, 240, 5, np.uint8), 3 * width).reshape(48, width, 3)
    middle, whole = (seen(line, trim=trim) for trim in (True, False))
    assert whole.shape == (1, 3, 48, width)
    assert middle.shape == (1, 3, rows, width)
    margin = (48 - rows) // 2
    assert (middle == whole[:, :, margin : 48 - margin]).all()


def seen(line: np.ndarray, *, trim: bool) -> Floats:
    session = Seen()
    Recogniser(session, unread, ReadRule(1.0, 0.0, PackRule(4096), trim=trim)).read([line])
    (batch,) = session.batches
    return batch


def test_stocks_strips_are_padded_to_the_widest_and_no_narrower_than_320() -> None:
    line = np.full((48, 61, 3), 255, np.uint8)
    session = Seen()
    rule = ReadRule(1.0, 0.0, PackRule(4096))
    Recogniser(session, unread, rule).read_as_stock([line, cv2.resize(line, (400, 48))])
    (batch,) = session.batches
    assert batch.shape == (2, 3, 48, 400)
    assert (batch[0, :, :, :61] == 1).all()
    assert not batch[0, :, :, 61:].any()
    assert (batch[1] == 1).all()
