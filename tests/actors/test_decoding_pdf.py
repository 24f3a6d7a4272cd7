"""PDF: pages are rendered at the dpi asked for, or less where a page is large."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.settings import DecodeConfig
from tests.actors.pictures import pdf
from tests.actors.test_decode import decode

RED_LOWER_LEFT = b"1 0 0 rg 0 0 36 36 re f"


def test_scale_and_colour() -> None:
    (page,) = decode(pdf((72, 144), content=RED_LOWER_LEFT), DecodeConfig(pdf_dpi=100))
    assert page.image.shape == (200, 100, 3)
    assert (page.dpi, page.info.dpi, page.info.scale, page.format) == (100, 100, 1.0, "pdf")
    assert tuple(page.image[-5, 5]) == (255, 0, 0) and tuple(page.image[5, 5]) == (255, 255, 255)


def test_rotation() -> None:
    (page,) = decode(pdf((72, 144), content=RED_LOWER_LEFT, extra=b"/Rotate 90"), DecodeConfig(pdf_dpi=100))
    assert page.image.shape == (100, 200, 3)
    assert tuple(page.image[5, 5]) == (255, 0, 0)


def test_large_pages_get_a_lower_dpi() -> None:
    small, large = decode(pdf((72, 72), (7200, 7200)), DecodeConfig(pdf_dpi=200, pdf_max_megapixels=1))
    assert small.info.dpi == 200
    assert large.image.shape == (1000, 1000, 3)
    assert large.info.dpi == large.dpi == pytest.approx(10)
    assert large.info.scale == pytest.approx(0.05)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.01, 14400), st.floats(0.01, 14400), st.floats(10, 600), st.floats(0.01, 2))
def test_pages_stay_within_the_budget(width: float, height: float, dpi: float, budget: float) -> None:
    width, height = round(width, 3), round(height, 3)
    (page,) = decode(pdf((width, height)), DecodeConfig(pdf_dpi=dpi, pdf_max_megapixels=budget))
    if page.fault is None:
        rows, columns = page.image.shape[:2]
        assert rows * columns <= budget * 1e6 + rows + columns + 1
        assert page.info.dpi <= dpi * 1.000001
        assert abs(columns - width * page.info.dpi / 72) <= 1.01
    else:
        assert min(width, height) < 1


def test_passwords_and_ruins() -> None:
    encrypted = pdf((72, 72)).replace(
        b"trailer<<",
        b"trailer<</ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>"
        % (b"o" * 32, b"u" * 32),
    )
    for file, code in (
        (encrypted, "decode.encrypted"),
        (b"%PDF-1.7\n", "decode.corrupt"),
        (pdf(), "decode.corrupt"),
        (b"GIF89a %PDF-1.4", "decode.corrupt"),
    ):
        (page,) = decode(file)
        assert page.fault.code == code


def test_a_missing_page_fails_alone() -> None:
    file = pdf((20, 10), (20, 10), (20, 10)).replace(b"[4 0 R 5 0 R 6 0 R]", b"[4 0 R 9 0 R 6 0 R]")
    pages = decode(file)
    assert [page.fault is None for page in pages] == [True, False, True]
    assert [page.page_index for page in pages] == [0, 1, 2]


def test_a_header_may_come_late() -> None:
    assert decode(b"junk\n" * 20 + pdf((20, 10)))[0].fault is None
    assert np.all(decode(pdf((20, 10)))[0].image == 255)
