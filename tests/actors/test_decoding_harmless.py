"""Damage that touches no pixel: the picture is read, with the same pixels. Damage to pixels stays a fault."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from actors.decoding.buffer import BufferFile
from tests.actors.pictures import encode
from tests.actors.test_decode import code, picture

NOISE = np.random.default_rng(7).integers(0, 256, (61, 83, 3), dtype=np.uint8)


def same(damaged: bytes, whole: bytes) -> bool:
    return np.array_equal(picture(damaged), picture(whole))


@pytest.mark.parametrize("end", [b"", b"\xff", b"\xff\xd0", b"\0\0", b"\xff\xd9 and more"])
@pytest.mark.parametrize("white", [False, True])
def test_jpeg_without_its_end_marker(end: bytes, white: bool) -> None:
    pixels = np.full_like(NOISE, 255) if white else NOISE
    whole = encode(pixels, "JPEG", quality=90)
    assert same(whole[:-2] + end, whole)


@pytest.mark.parametrize("cut", [4, 6, 10, 100])
def test_jpeg_that_lacks_pixels(cut: int) -> None:
    assert code(encode(NOISE, "JPEG", quality=90)[:-cut]) == "decode.corrupt"


def test_progressive_jpeg_may_lack_a_scan_without_a_trace() -> None:
    whole = encode(NOISE, "JPEG", progressive=True)
    assert code(whole[:-2]) == "decode.corrupt"
    assert code(whole[: whole.rindex(b"\xff\xda")]) == "decode.corrupt"


def test_webp_with_a_wrong_size_or_a_broken_chunk_behind() -> None:
    whole = encode(NOISE, "WEBP", lossless=True)
    longer = b"RIFF" + (len(whole) + 100).to_bytes(4, "little") + whole[8:]
    assert same(longer, whole)
    assert same(longer + b"ZZZZ\xff\xff\xff\x0fabcd", whole)
    assert same(longer + b"ZZZZ\4\0\0\0abcd", whole)
    assert same(whole + b"odd", whole)
    assert code(whole[:-20]) == "decode.corrupt"
    assert code(b"RIFF" + bytes(4) + whole[8:]) == "decode.corrupt"


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("tiles", [None, (32, 32)])
def test_jpeg2000_without_its_end_marker(bare: bool, tiles: tuple[int, int] | None) -> None:
    whole = encode(NOISE, "JPEG2000", no_jp2=bare, tile_size=tiles)
    for damaged in (whole[:-2], whole[:-1], whole[:-2] + bytes(2), whole + b"odd"):
        assert same(damaged, whole)
    assert code(whole[:-40]) == "decode.corrupt"
    assert code(whole[: whole.rindex(b"\xff\x90\0\x0a")]) == "decode.corrupt"


def test_gif_and_bmp_tails_and_sizes() -> None:
    gif = encode(Image.fromarray(NOISE).quantize(16), "GIF")
    for damaged in (gif[:-1], gif[:-1] + b"\x77", gif + b"odd"):
        assert same(damaged, gif)
    bmp = encode(NOISE, "BMP")
    for size in (0, 1, 0xFFFFFFFF):
        assert same(bmp[:2] + struct.pack("<I", size) + bmp[6:], bmp)
    assert same(bmp + b"odd", bmp)


def with_entry(whole: bytes, entry: tuple[int, int, int, int]) -> bytes:
    """A little-endian TIFF of one page, with one more entry in a directory at its end."""
    (at,) = struct.unpack_from("<I", whole, 4)
    (count,) = struct.unpack_from("<H", whole, at)
    entries = [struct.unpack_from("<HHII", whole, at + 2 + 12 * number) for number in range(count)]
    entries = sorted([*entries, entry])
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries)
    padded = whole + b"\0" * (len(whole) % 2)
    return padded[:4] + struct.pack("<I", len(padded)) + padded[8:] + directory + bytes(4)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
@pytest.mark.parametrize("tag", [269, 270, 305, 306, 315, 700, 33723, 34665, 34675, 34853, 65000])
def test_tiff_with_a_broken_tag_that_makes_no_pixel(tag: int, compression: str) -> None:
    whole = encode(NOISE, "TIFF", compression=compression)
    for kind, count, value in (
        (2, 1000, 0xFFFFF000),
        (0, 1, 1),
        (77, 5, 5),
        (12, 1, 8),
        (11, 1, 8),
        (4, 1, 8),
        (7, 0xFFFFFFFF, 8),
    ):
        assert same(with_entry(whole, (tag, kind, count, value)), whole), (kind, count, value)


def test_tiff_with_an_orientation_outside_the_file_is_upright() -> None:
    whole = encode(NOISE, "TIFF")
    assert same(with_entry(whole, (274, 3, 100, 0xFFFFF000)), whole)
    assert picture(with_entry(whole, (274, 3, 1, 6))).shape == (83, 61, 3)


def test_a_fraction_as_an_offset_is_a_fault() -> None:
    whole = encode(NOISE, "TIFF", compression="tiff_lzw")
    fraction = whole.replace(struct.pack("<HH", 273, 4), struct.pack("<HH", 273, 12))
    assert fraction != whole
    assert code(fraction) == "decode.corrupt"
    with pytest.raises(TypeError, match="seek to"):
        BufferFile(memoryview(b"file")).seek(8.5)
