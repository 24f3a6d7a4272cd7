"""TIFF: pages stand for themselves, and samples mean what the file says."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from actors.contracts import DecodeInfo
from tests.actors.pictures import STORED_AS, UPRIGHT, encode, tiff
from tests.actors.test_decode import decode, picture

LAYOUTS = [("<", False), (">", False), ("<", True)]


def grey(values: np.ndarray, bits: int, photometric: int, order: str, **more: int) -> tuple[dict, bytes]:
    height, width = values.shape
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 277: 1, 278: height}
    pixels = values.astype(f"{order}u2" if bits == 16 else "u1").tobytes()
    return tags | {int(name.lstrip("t")): value for name, value in more.items()}, pixels


@pytest.mark.parametrize(("order", "big"), LAYOUTS)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_grey_of_either_sense(order: str, big: bool, data: st.DataObject) -> None:
    bits = data.draw(st.sampled_from([8, 16]))
    kind = np.uint16 if bits == 16 else np.uint8
    values = data.draw(arrays(kind, st.tuples(st.integers(1, 9), st.integers(1, 9))))
    black, white = (picture(tiff([grey(values, bits, sense, order)], order, big)) for sense in (1, 0))
    exact = values / 257 if bits == 16 else values
    assert np.abs(black[:, :, 0] - exact).max() <= 0.5
    assert np.abs(255.0 - white[:, :, 2] - exact).max() <= 0.5


@pytest.mark.parametrize(("order", "big"), LAYOUTS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_by_page(order: str, big: bool, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED_AS[orientation](UPRIGHT[:, :, 0][:, :, None])[:, :, 0])
    pages = decode(tiff([grey(stored, 8, 1, order, t274=orientation), grey(stored, 8, 1, order)], order, big))
    assert np.array_equal(pages[0].image[:, :, 0], UPRIGHT[:, :, 0])
    assert np.array_equal(pages[1].image[:, :, 0], stored)


def test_big_endian_bigtiff_is_refused_by_name() -> None:
    (page,) = decode(tiff([grey(np.zeros((1, 2)), 8, 1, ">")], ">", big=True))
    assert page.fault.code == "decode.unsupported" and "BigTIFF" in page.fault.message


def test_twelve_bits() -> None:
    tags, _ = grey(np.zeros((1, 2)), 12, 1, "<")
    (page,) = decode(tiff([(tags, bytes([0xFF, 0xF0, 0x00]))]))
    assert page.image[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        ("1", "group4"),
        ("1", "group3"),
        ("L", "tiff_adobe_deflate"),
        ("P", "tiff_lzw"),
        ("RGB", "tiff_lzw"),
        ("RGB", "packbits"),
        ("RGBA", "tiff_adobe_deflate"),
        ("CMYK", "tiff_lzw"),
        ("I;16", "tiff_lzw"),
    ],
)
def test_modes_and_compressions(mode: str, compression: str) -> None:
    source = Image.fromarray(np.tile(UPRIGHT, (3, 5, 1)))
    source = source.convert("L").convert(mode) if mode in ("1", "I;16") else source.convert(mode)
    if mode == "I;16":
        source = Image.fromarray(np.asarray(source.convert("L")).astype(np.uint16) * 257)
    expected = source if mode != "I;16" else Image.fromarray((np.asarray(source) // 257).astype(np.uint8))
    image = picture(encode(source, "TIFF", compression=compression))
    assert np.array_equal(image, np.asarray(expected.convert("RGB")))


def test_jpeg_inside() -> None:
    gradient = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    image = picture(encode(gradient, "TIFF", compression="jpeg", quality=95))
    assert np.abs(image.astype(int) - np.asarray(gradient)).mean() < 3


def test_lab_is_converted() -> None:
    tags = {256: 2, 257: 1, 258: (8, 8, 8), 259: 1, 262: 8, 277: 3, 278: 1}
    image = picture(tiff([(tags, bytes([255, 0, 0, 0, 0, 0]))]))
    assert image[0, 0].min() > 250 and image[0, 1].max() < 5


def test_floats() -> None:
    for values, expected in (([0.0, 0.5, 1.0], [0, 128, 255]), ([-4.0, 0.0, 4.0], [0, 128, 255])):
        image = picture(encode(Image.fromarray(np.array([values], dtype=np.float32)), "TIFF"))
        assert image[0, :, 0].tolist() == expected
    odd = np.array([[np.nan, 0.0, np.inf, 1.0]], dtype=np.float32)
    assert picture(encode(Image.fromarray(odd), "TIFF"))[0, :, 0].tolist() == [0, 0, 255, 255]


def test_mixed_pages() -> None:
    frames = [Image.fromarray(UPRIGHT), Image.new("1", (9, 3), 1), Image.new("L", (2, 8), 7)]
    pages = decode(encode(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    assert [page.image.shape for page in pages] == [(6, 4, 3), (3, 9, 3), (8, 2, 3)]
    assert [page.info for page in pages] == [DecodeInfo(0), DecodeInfo(1), DecodeInfo(2)]


def three_pages() -> tuple[bytearray, list[int]]:
    """A TIFF and the offsets of its directories."""
    file = bytearray(tiff([grey(np.full((2, 2), 10 * index), 8, 1, "<") for index in range(3)]))
    offsets, link = [], 4
    while offset := struct.unpack_from("<I", file, link)[0]:
        offsets.append(offset)
        link = offset + 2 + 12 * struct.unpack_from("<H", file, offset)[0]
    return file, offsets


def test_a_bad_page_fails_alone() -> None:
    file, offsets = three_pages()
    struct.pack_into("<H", file, offsets[1] + 2, 0x7000)  # its width becomes a tag that nobody knows
    pages = decode(bytes(file))
    assert [page.fault and page.fault.code for page in pages] == [None, "decode.corrupt", None]
    assert [page.image[0, 0, 0] for page in pages if page.image is not None] == [0, 20]


def test_a_chain_that_leaves_the_file_shows() -> None:
    file, offsets = three_pages()
    struct.pack_into("<I", file, offsets[1] + 2 + 12 * 9, 1 << 30)
    pages = decode(bytes(file))
    assert [page.fault and page.fault.code for page in pages] == [None, None, "decode.corrupt"]


@pytest.mark.parametrize("back_to", [0, 1, 2])
def test_a_chain_that_loops_ends(back_to: int) -> None:
    file, offsets = three_pages()
    struct.pack_into("<I", file, offsets[2] + 2 + 12 * 9, offsets[back_to])
    assert [page.fault for page in decode(bytes(file))] == [None, None, None]


def test_no_directory_at_all() -> None:
    for file in (b"II*\0", b"II*\0\0\0\0\0", b"MM\0*\0\0\xff\xff", b"II+\0\x08\0\0\0"):
        (page,) = decode(file)
        assert (page.fault.code, page.page_count) == ("decode.corrupt", None)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=4)), max_size=6))
def test_damage_is_a_page_or_a_fault(damage: list[tuple[int, bytes]]) -> None:
    file, _ = three_pages()
    for at, new in damage:
        file[at : at + len(new)] = new[: max(0, len(file) - at)]
    assert decode(bytes(file))
