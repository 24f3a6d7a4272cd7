"""Notices of whole pages, as the default engine gives them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from actors.contracts import PageResult
from actors.engines import build_engine
from actors.settings import EngineConfig
from benchmarks.rendered_numbers.fonts import DEBIAN
from tests.actors.fast.engines import engine
from tests.drawn import page, words

pytestmark = pytest.mark.models

LINES = words(3, 12)
DEJAVU = DEBIAN / "truetype/dejavu/DejaVuSans.ttf"
RUSSIAN = [
    "Справка о доходах за прошлый год",
    "Выдана заявителю по месту требования",
    "Главный бухгалтер завода",
]
VIETNAMESE = [
    "Hợp đồng thuê nhà có hiệu lực",
    "kể từ ngày ký, được lập tại phường",
    "Trường học nằm gần chợ cũ",
]
POLISH = [
    "Zażółć gęślą jaźń, mówił nauczyciel",
    "Wniosek należy złożyć do końca",
    "Škoda, že Đorđe nije došel",
]


def read(*pages: np.ndarray) -> list[PageResult]:
    return engine().recognize([np.ascontiguousarray(one) for one in pages])


def drawn(lines: list[str], size: int = 28) -> np.ndarray:
    font = ImageFont.truetype(str(DEJAVU), size)
    sheet = Pictures.new("RGB", (900, 60 + 60 * len(lines)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((30, 30 + 60 * number), line, "black", font)
    return np.asarray(sheet)


def test_pages_that_are_read_have_none() -> None:
    (found,) = read(page(LINES, size=28))
    assert (found.notices, found.dropped) == ((), ())
    (blank,) = read(np.full((600, 800, 3), 255, np.uint8))
    assert (blank.notices, blank.dropped) == ((), ())


def test_text_that_was_found_and_not_read() -> None:
    (found,) = read(cv2.blur(page(LINES, size=26), (15, 1)))
    assert (found.lines, found.notices) == ((), ("text.unread",))
    assert len(found.dropped) == len(LINES)
    assert all(0 <= score < 0.75 for score in found.dropped)


def test_a_page_upside_down_is_in_no_unknown_script() -> None:
    upside_down = np.ascontiguousarray(page(LINES, size=28)[::-1, ::-1])
    (found,) = build_engine(EngineConfig(threads=1, page_orientation=False)).recognize([upside_down])
    assert found.notices == ("text.unread",)
    (found,) = read(upside_down)
    assert (found.rotation, found.notices) == (180, ())


def test_print_that_shines_through_is_no_text() -> None:
    faint = 255 - (255 - cv2.GaussianBlur(page(LINES, size=28), (0, 0), 1.2).astype(float)) * 0.2
    (found,) = read(faint.astype(np.uint8)[:, ::-1])
    assert found.dropped
    assert found.notices == ()


def test_letters_of_a_few_pixels_are_too_small() -> None:
    (found,) = read(page([" ".join(words(seed, 3)) for seed in range(20)], size=6.5, gap=1.6))
    assert found.notices == ("text.too_small",)


@pytest.mark.system("fonts")
@pytest.mark.parametrize("lines", [RUSSIAN, VIETNAMESE], ids=["Russian", "Vietnamese"])
def test_scripts_that_the_model_skips(lines: list[str]) -> None:
    alone, mixed, word = read(
        drawn(lines), drawn([*lines, *LINES[:3]]), drawn([*LINES, lines[0].split()[-1], *LINES])
    )
    assert "script.unknown" in alone.notices
    assert "script.unknown" in mixed.notices
    assert word.notices == (), "a single word is no noticeable part"


@pytest.mark.system("fonts")
def test_letters_with_marks_that_it_knows() -> None:
    (found,) = read(drawn(POLISH))
    assert found.notices == ()
