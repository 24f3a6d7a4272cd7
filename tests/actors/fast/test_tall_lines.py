"""Text that runs up a page is turned to the right, text that runs down, and vertical text, to the left."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from actors.engines.fast.crops import Crop, cut
from actors.engines.fast.ctc import Reading
from actors.engines.fast.tall_lines import read_both_ways
from tests.actors.fast.engines import engine
from tests.actors.fast.readings import Reader

PAGE = np.random.default_rng(2).integers(0, 256, (300, 300, 3), dtype=np.uint8)
CORNERS = [(50, 40), (70, 40), (70, 140), (50, 140)]


def tall() -> Crop:
    found = cut(PAGE, np.array(CORNERS, np.float32))
    assert found is not None
    return found


def test_a_line_that_reads_better_upwards_begins_below() -> None:
    reader = Reader("Oil level", 1.0)
    (crop,), (reading,) = read_both_ways([tall()], [Reading("Oilleevel", 0.7)], reader)
    assert reading.text == "Oil level"
    assert (reader.seen[0] == np.rot90(PAGE[40:140, 50:70], -1)).all()
    assert crop.polygon.tolist() == [list(CORNERS[at]) for at in (3, 0, 1, 2)]


def test_a_line_that_reads_worse_upwards_stays() -> None:
    given = tall()
    (crop,), (reading,) = read_both_ways([given], [Reading("weight", 0.7)], Reader("iuw", 0.6))
    assert crop is given
    assert reading.text == "weight"


@pytest.mark.parametrize("reading", [Reading("83594639", 0.99), Reading("公司报告", 0.92), Reading("I", 0.3)])
def test_what_is_sure_or_single_is_read_once(reading: Reading) -> None:
    reader = Reader("other", 1.0)
    _, (same,) = read_both_ways([tall()], [reading], reader)
    assert same == reading
    assert not reader.seen


def test_numbers_that_can_be_read_upside_down_are_read_both_ways() -> None:
    _, (reading,) = read_both_ways([tall()], [Reading("6108", 0.98)], Reader("8019", 1.0))
    assert reading.text == "8019"


LABELS = ("Brake test", "Oil level", "Tyre tread", "Lamp check", "Mirror set", "Weight in kg")


@pytest.mark.parametrize("quarters", [1, 3])
def test_labels_that_run_up_and_down(quarters: int) -> None:
    font = ImageFont.load_default(24)
    sheet = Pictures.new("RGB", (620, 420), "white")
    for number, label in enumerate(LABELS):
        strip = Pictures.new("RGB", (200, 34), "white")
        ImageDraw.Draw(strip).text((4, 2), label, "black", font)
        sheet.paste(strip.rotate(90 * quarters, expand=True), (40 + number * 90, 30))
    ImageDraw.Draw(sheet).text((40, 300), "Checked on every vehicle before it leaves", "black", font)
    lines = engine().recognize([np.asarray(sheet)])[0].lines
    found = {line.text: line.polygon for line in lines}
    assert set(LABELS) <= set(found)
    for label in LABELS:
        polygon = found[label]
        assert (polygon[3] < polygon[1]) == (quarters == 1), "from where the text begins to where it ends"
