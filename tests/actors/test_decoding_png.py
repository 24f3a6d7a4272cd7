"""PNG: damaged pixels are a fault, damaged text is none."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tests.actors.pictures import UPRIGHT, chunk, encode, png
from tests.actors.test_decode import code, decode, picture

ROWS = b"\0\x0a\x14" + b"\0\x1e\x28"


def test_the_builder_builds() -> None:
    assert picture(png(2, 2, ROWS))[:, :, 0].tolist() == [[10, 20], [30, 40]]


def test_a_wrong_checksum_of_pixels_is_a_fault() -> None:
    file = bytearray(png(2, 2, ROWS))
    file[file.index(b"IEND") - 5] ^= 1
    assert code(bytes(file)) == "decode.corrupt"


def test_a_wrong_checksum_of_text_is_none() -> None:
    text = bytearray(chunk(b"tEXt", b"Comment\0hello"))
    text[-1] ^= 1
    assert picture(png(2, 2, ROWS, extra=bytes(text)))[0, 0, 0] == 10


def test_a_text_bomb_is_left_alone() -> None:
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 << 20), 9))
    assert picture(png(2, 2, ROWS, extra=bomb))[1, 1, 0] == 40


@pytest.mark.parametrize("depth", [8, 1, 16])
def test_missing_rows_are_a_fault(depth: int) -> None:
    row = b"\0" + b"\xff" * (2 * depth // 8 or 1)
    assert decode(png(2, 4, row * 4, bits=depth))[0].fault is None
    assert code(png(2, 4, row * 3, bits=depth)) == "decode.corrupt"


def test_rows_that_are_black_are_not_missing() -> None:
    assert not picture(png(2, 4, b"\0\0\0" * 4)).any()
    for mode in ("1", "L", "P", "RGB", "RGBA", "LA", "I;16"):
        assert decode(encode(Image.new(mode, (13, 11)), "PNG"))[0].fault is None


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.sampled_from([0, 255])),
    st.sampled_from(["1", "L", "RGB", "RGBA"]),
)
def test_complete_pictures_are_never_called_short(pixels: np.ndarray, mode: str) -> None:
    assert decode(encode(Image.fromarray(pixels).convert(mode), "PNG"))[0].fault is None


def test_sixteen_bit_colour_key() -> None:
    rows = b"\0" + (1000).to_bytes(2, "big") + (2000).to_bytes(2, "big")
    image = picture(png(2, 1, rows, bits=16, extra=chunk(b"tRNS", (1000).to_bytes(2, "big"))))
    assert image[0, :, 0].tolist() == [255, 8]


def test_chunks_between_pixels_and_missing_pieces() -> None:
    whole = png(2, 2, ROWS)
    assert code(whole.replace(whole[33:-12], b"")) == "decode.corrupt"
    split = zlib.compress(ROWS)
    head = whole[:33]
    between = chunk(b"IDAT", split[:4]) + chunk(b"tEXt", b"a\0b") + chunk(b"IDAT", split[4:])
    assert code(head + between + chunk(b"IEND", b"")) == "decode.corrupt"
    assert picture(head + chunk(b"IDAT", split[:4]) + chunk(b"IDAT", split[4:]))[0, 0, 0] == 10
    assert picture(whole + b"rubbish")[0, 0, 0] == 10


def test_profiles_are_not_applied() -> None:
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))
    assert picture(png(2, 2, ROWS, extra=profile))[0, 0, 0] == 10
    assert np.array_equal(picture(encode(UPRIGHT, "PNG", icc_profile=b"junk")), UPRIGHT)


WHOLE = png(2, 2, ROWS)
END = chunk(b"IEND", b"")


def _damaged(part: bytes) -> bytes:
    """A chunk whose checksum alone is wrong."""
    return part[:-1] + bytes([part[-1] ^ 1])


@pytest.mark.parametrize(
    "tail",
    [
        _damaged(END),
        b"",
        END[:-1],
        END[:6],
        b"\xff\xff\xff\xffIEND\xaeB\x60\x82",
        b"\0\0\0\0IE\0D\xaeB\x60\x82",
        chunk(b"IEND", b"odd"),
        END + b"rubbish",
        b"rubbish" + END,
        _damaged(chunk(b"tIME", bytes(7))) + END,
        _damaged(chunk(b"PLTE", bytes(3))) + END,
        chunk(b"tEXt", b"a\0b") + chunk(b"IDAT", b"not of the picture") + END,
        chunk(b"tEXt", b"a\0b")[:-2],
    ],
)
def test_damage_behind_the_pixels_changes_none(tail: bytes) -> None:
    whole = WHOLE.removesuffix(END)
    assert np.array_equal(picture(whole + tail), picture(WHOLE))
    rows_missing = png(2, 3, ROWS).removesuffix(END)
    assert code(rows_missing + tail) == "decode.corrupt"


@pytest.mark.parametrize(
    "kind", [b"tEXt", b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"bKGD", b"sBIT", b"tIME", b"pHYs"]
)
@pytest.mark.parametrize("body", [b"", b"\0", bytes(9), bytes(40)])
def test_chunks_that_make_no_pixel_may_hold_anything(kind: bytes, body: bytes) -> None:
    for extra in (chunk(kind, body), _damaged(chunk(kind, body))):
        assert np.array_equal(picture(png(2, 2, ROWS, extra=extra)), picture(WHOLE))


def test_damaged_chunks_that_make_pixels_are_a_fault() -> None:
    key = _damaged(chunk(b"tRNS", (10).to_bytes(2, "big")))
    assert code(png(2, 2, ROWS, extra=key)) == "decode.corrupt"
    assert (
        code(png(2, 2, ROWS, color=3, extra=_damaged(chunk(b"PLTE", bytes(range(180)))))) == "decode.corrupt"
    )
    alpha = b"\0\x0a\xff\x14\xff" * 2
    assert picture(png(2, 2, alpha, color=4, extra=key))[0, 0, 0] == 10
    colors = b"\0\x0a\x0a\x0a\x14\x14\x14" * 2
    assert picture(png(2, 2, colors, color=2, extra=_damaged(chunk(b"PLTE", bytes(6)))))[0, 0, 0] == 10
    assert code(png(2, 2, ROWS, extra=WHOLE[8:33])) == "decode.corrupt"


def test_a_cut_between_two_pixel_chunks_is_a_fault() -> None:
    split = zlib.compress(ROWS)
    head = WHOLE[:33] + chunk(b"IDAT", split[:4])
    for rest in (b"", chunk(b"IDAT", split[4:])[:6], b"rubbish", END):
        assert code(head + rest) == "decode.corrupt"
