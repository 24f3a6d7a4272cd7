"""HEIC: the main picture, turned once, with limits and clear errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.decoding import heif
from actors.settings import DecodeConfig
from tests.actors.test_decode import decode

FOLDER = Path(__file__).parents[1] / "fixtures" / "heif"
"""Small files that were made with pillow-heif for these tests: four colors, one in each quarter."""

UPRIGHT = np.zeros((96, 64, 3), np.uint8)
UPRIGHT[:48, :32] = (255, 0, 0)
UPRIGHT[:48, 32:] = (0, 255, 0)
UPRIGHT[48:, :32] = (0, 0, 255)
UPRIGHT[48:, 32:] = 255


def read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def alike(image: np.ndarray, expected: np.ndarray) -> bool:
    inner = np.abs(image.astype(int) - expected)
    return image.shape == expected.shape and np.median(inner) <= 2 and inner.mean() <= 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("upright.heic", UPRIGHT),
        ("turned.heic", np.rot90(UPRIGHT, -1)),  # irot 3; the EXIF block says 6, which is no second turn
        ("mirrored.heic", UPRIGHT[:, ::-1]),
        ("two.heic", UPRIGHT),  # the main picture is the second one
    ],
)
def test_pictures(name: str, expected: np.ndarray) -> None:
    (page,) = decode(read(name))
    assert (page.fault, page.format, page.page_count) == (None, "heif", 1)
    assert page.image.flags.c_contiguous and page.image.dtype == np.uint8
    assert alike(page.image, expected)


def test_alpha_and_gray() -> None:
    (page,) = decode(read("alpha.heic"))
    assert alike(page.image[:48], UPRIGHT[:48]) and np.all(page.image[52:] > 250)
    (page,) = decode(read("gray.heic"))
    assert page.image.shape == (96, 64, 3) and page.image[90, 60].tolist() == [255, 255, 255]


def test_limits() -> None:
    (page,) = decode(read("upright.heic"), DecodeConfig(max_megapixels=0.006))
    assert (page.fault.code, "64 x 96" in page.fault.message) == ("decode.too_large", True)


def test_a_size_that_is_a_lie() -> None:
    """The header names 60,000 x 60,000 pixels: no memory is taken for them."""
    data = read("upright.heic")
    at = data.index(b"ispe") + 8
    huge = data[:at] + (60_000).to_bytes(4, "big") * 2 + data[at + 8 :]
    (page,) = decode(huge)
    assert page.fault is not None and page.fault.code == "decode.too_large"


@settings(deadline=None, max_examples=60)
@given(st.integers(30, 658))
def test_a_cut_file_is_a_fault(end: int) -> None:
    (page,) = decode(read("upright.heic")[:end])
    assert page.fault is not None and page.fault.code in ("decode.corrupt", "decode.unsupported")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(28, 658), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_is_a_picture_or_a_fault(changes: list[tuple[int, int]]) -> None:
    data = bytearray(read("turned.heic"))
    for at, value in changes:
        data[at] = value
    (page,) = decode(bytes(data))
    assert (page.image is None) != (page.fault is None)


def test_without_its_package_the_rest_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heif, "pi_heif", None)
    (page,) = decode(read("upright.heic"))
    assert page.fault.code == "decode.unsupported" and "pi-heif" in page.fault.message
