"""Single characters that are taller than wide are read as they stand, vertical text as it was turned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from actors.contracts import Image
from actors.engines import build_engine
from actors.engines.fast.crops import Crop, cut
from actors.engines.fast.ctc import Reading
from actors.engines.fast.standing import stand_up
from actors.settings import EngineConfig
from tests.models import require_model

PAGE = np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8)


def box(left: int, top: int, width: int, height: int) -> np.ndarray:
    right, bottom = left + width, top + height
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def crop_of(width: int, height: int) -> Crop:
    found = cut(PAGE, box(50, 40, width, height))
    assert found is not None
    return found


class Reader:
    """Reads "1" with a score, and keeps what it was shown."""

    def __init__(self, score: float) -> None:
        self.score = score
        self.seen: list[Image] = []

    def __call__(self, lines: Sequence[Image]) -> list[Reading]:
        self.seen += lines
        return [Reading("1", self.score) for _ in lines]


def test_a_doubtful_tall_crop_is_read_as_it_stands() -> None:
    reader = Reader(0.9)
    crops, readings = stand_up([crop_of(20, 50)], [Reading("--", 0.4)], reader)
    assert (reader.seen[0] == PAGE[40:90, 50:70]).all()
    assert readings == [Reading("1", 0.9)]
    assert (crops[0].polygon == box(50, 40, 20, 50)).all()
    assert crops[0].image.shape == (50, 20, 3)


def test_the_better_reading_is_taken() -> None:
    turned = crop_of(20, 50)
    crops, readings = stand_up([turned], [Reading("I", 0.95)], Reader(0.9))
    assert readings == [Reading("I", 0.95)]
    assert crops[0] is turned


def test_what_lies_is_long_or_reads_well_is_not_read_again() -> None:
    crops = [crop_of(50, 20), crop_of(20, 90), crop_of(20, 50)]
    given = [Reading("a", 0.3), Reading("b", 0.3), Reading("vertical", 0.95)]
    reader = Reader(1.0)
    _, readings = stand_up(crops, given, reader)
    assert list(readings) == given
    assert not reader.seen


def test_quantities_of_a_receipt() -> None:
    require_model()
    font = ImageFont.load_default(24)
    sheet = Pictures.new("L", (620, 420), 255)
    pen = ImageDraw.Draw(sheet)
    items = ["Vegetables", "Seafood", "Fish cake", "Omega plus", "Noodles", "Water"]
    for row, item in enumerate(items):
        for x, text in ((40, "1"), (150, item), (480, f"{row}.50")):
            pen.text((x, 40 + row * 56), text, 0, font)
    engine = build_engine(EngineConfig(threads=1))
    lines = engine.recognize([np.asarray(sheet.convert("RGB"))])[0].lines
    ones = [line for line in lines if line.text == "1"]
    assert len(ones) == len(items)
    for line in ones:
        (left, top, right, _, _, bottom, _, _) = line.polygon
        assert left < right < 90
        assert bottom - top > right - left
