"""Every format becomes upright 8-bit RGB pages; bad content becomes faults."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from actors.contracts import DecodedPage, DecodeInfo
from actors.decode import decode_document, first_missing
from actors.errors import ERROR_CODES
from actors.settings import DecodeConfig
from tests.actors.pictures import STORED_AS, UPRIGHT, encode, exif, pdf, tiff

CONFIG = DecodeConfig()


def decode(data: bytes, config: DecodeConfig = CONFIG, skip: tuple[int, ...] = ()) -> list[DecodedPage]:
    pages = list(decode_document(data, config, skip))
    for page in pages:
        assert (page.image is None) != (page.fault is None)
        if page.image is not None:
            assert page.image.dtype == np.uint8 and page.image.shape[2] == 3
            assert page.image.flags.c_contiguous and page.image.flags.writeable
        else:
            assert page.fault.code in ERROR_CODES and page.fault.message
    return pages


def picture(data: bytes, config: DecodeConfig = CONFIG) -> np.ndarray:
    (page,) = decode(data, config)
    assert page.fault is None, page.fault
    return page.image


def code(data: bytes, config: DecodeConfig = CONFIG) -> str:
    (page,) = decode(data, config)
    assert page.fault is not None
    return page.fault.code


def tiff_of(count: int) -> bytes:
    tags: dict[int, int | tuple[int, ...]] = {256: 2, 257: 1, 258: 8, 259: 1, 262: 1, 277: 1, 278: 1}
    return tiff([(tags, bytes([7, 255]))] * count)


LOSSLESS = {
    "png": ("PNG", {}),
    "tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "webp": ("WEBP", {"lossless": True, "exact": True}),
    "bmp": ("BMP", {}),
    "jp2": ("JPEG2000", {"irreversible": False}),
    "pnm": ("PPM", {}),
}


@pytest.mark.parametrize("name", LOSSLESS)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_lossless_formats_give_the_pixels_back(name: str, data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    pixels = data.draw(arrays(np.uint8, (*shape, 3)))
    kind, options = LOSSLESS[name]
    if name == "jp2":
        options = options | {"num_resolutions": 1}
    (page,) = decode(encode(pixels, kind, **options))
    assert np.array_equal(page.image, pixels)
    assert (page.format, page.page_index, page.page_count, page.info) == (name, 0, 1, DecodeInfo(0))
    assert page.decode_ms > 0


@settings(deadline=None, max_examples=30)
@given(arrays(np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 30))))
def test_grey_is_the_same_in_all_channels(pixels: np.ndarray) -> None:
    for kind in ("PNG", "TIFF", "PPM", "BMP"):
        assert np.array_equal(picture(encode(pixels, kind)), np.repeat(pixels[:, :, None], 3, axis=2))


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "jpeg"), ("AVIF", "avif"), ("WEBP", "webp")])
def test_lossy_formats_come_close(kind: str, name: str) -> None:
    gradient = np.asarray(Image.linear_gradient("L").resize((64, 48)).convert("RGB"))
    (page,) = decode(encode(gradient, kind, quality=95))
    assert page.format == name
    assert np.abs(page.image.astype(int) - gradient).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_orientation(kind: str, orientation: int) -> None:
    big = UPRIGHT.repeat(16, axis=0).repeat(16, axis=1)
    stored = np.ascontiguousarray(STORED_AS[orientation](big))
    options = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 100},
    }
    file = encode(stored, kind, exif=exif(orientation), **options.get(kind, {}))
    assert np.abs(picture(file).astype(int) - big).mean() < 4


def test_orientation_that_makes_no_sense_is_none() -> None:
    for orientation in (0, 9, 77):
        assert np.array_equal(picture(encode(UPRIGHT, "PNG", exif=exif(orientation))), UPRIGHT)


def test_large_pictures_go_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.decoding.pixels._BAND_PIXELS", 7)
    for orientation in range(1, 9):
        stored = np.ascontiguousarray(STORED_AS[orientation](UPRIGHT))
        assert np.array_equal(picture(encode(stored, "PNG", exif=exif(orientation))), UPRIGHT)
    palette = Image.fromarray(UPRIGHT).quantize(8)
    assert np.array_equal(picture(encode(palette, "PNG")), UPRIGHT)


def test_alpha_goes_over_white() -> None:
    rgba = np.zeros((2, 3, 4), dtype=np.uint8)
    rgba[0] = (10, 20, 30, 255)
    rgba[1, 1:] = (200, 100, 0, 128)
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})):
        image = picture(encode(rgba, kind, **options))
        assert (image[0] == (10, 20, 30)).all() and (image[1, 0] == 255).all()
        assert np.abs(image[1, 1].astype(int) - (227, 177, 127)).max() <= 1
    grey = Image.merge("LA", (Image.new("L", (2, 2), 40), Image.new("L", (2, 2), 0)))
    assert (picture(encode(grey, "PNG")) == 255).all()


def test_transparent_colour_goes_to_white() -> None:
    key = encode(UPRIGHT, "PNG", transparency=(255, 0, 0))
    assert tuple(picture(key)[0, 0]) == (255, 255, 255) and tuple(picture(key)[0, 3]) == (0, 255, 0)
    for kind in ("PNG", "GIF"):
        palette = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8), "P")
        palette.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
        image = picture(encode(palette, kind, transparency=1))
        assert image.tolist() == [[[10, 20, 30], [255, 255, 255], [70, 80, 90]]]


def test_sixteen_bits() -> None:
    values = np.array([[0, 128, 257 * 7, 65535]], dtype=np.uint16)
    for kind in ("PNG", "TIFF", "PPM", "JPEG2000"):
        options = {"num_resolutions": 1, "irreversible": False} if kind == "JPEG2000" else {}
        image = picture(encode(Image.fromarray(values), kind, **options))
        assert image[0, :, 0].tolist() in ([0, 0, 7, 255], [0, 1, 7, 255])


def test_one_bit() -> None:
    bits = Image.fromarray(np.eye(11, dtype=bool))
    for kind, options in (("PNG", {}), ("TIFF", {"compression": "group4"}), ("PPM", {}), ("BMP", {})):
        assert np.array_equal(picture(encode(bits, kind, **options))[:, :, 1], np.eye(11) * 255)


def test_cmyk() -> None:
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    for kind in ("TIFF", "JPEG"):
        image = picture(encode(cmyk, kind))
        assert np.abs(image.astype(int) - (255, 0, 0)).max() < 6
    dark = picture(encode(Image.new("CMYK", (2, 2), (51, 0, 0, 102)), "TIFF"))
    assert np.abs(dark[0, 0].astype(int) - (122, 153, 153)).max() <= 1


def test_maxval_of_pnm_is_white() -> None:
    assert picture(b"P5 2 1 15 " + bytes([15, 3]))[0, :, 0].tolist() == [255, 51]
    assert picture(b"P3 1 1 1 1 0 1").tolist() == [[[255, 0, 255]]]
    assert picture(b"P1\n2 1\n10")[0, :, 0].tolist() == [0, 255]


def test_animations_and_mpo_give_their_first_picture() -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue", "lime")]
    for kind in ("GIF", "WEBP", "AVIF", "PNG", "MPO"):
        (page,) = decode(encode(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert page.page_count == 1
        assert np.abs(page.image.astype(int) - (255, 0, 0)).max() < 30, kind


def test_resolution() -> None:
    assert decode(encode(UPRIGHT, "PNG", dpi=(300, 300)))[0].dpi == pytest.approx(300, abs=0.1)
    assert decode(encode(UPRIGHT, "TIFF", dpi=(204, 196)))[0].dpi == 204
    assert decode(encode(UPRIGHT, "TIFF", dpi=(204, 98)))[0].dpi is None
    for silly in (1, 30000):
        assert decode(encode(UPRIGHT, "JPEG", dpi=(silly, silly)))[0].dpi is None
    assert decode(encode(UPRIGHT, "BMP", dpi=(150, 150)))[0].dpi == pytest.approx(150, abs=0.1)


def test_codestream_without_a_box() -> None:
    file = encode(np.tile(UPRIGHT, (8, 8, 1)), "JPEG2000", irreversible=False, no_jp2=True)
    assert file.startswith(b"\xff\x4f\xff\x51")
    assert np.array_equal(picture(file), np.tile(UPRIGHT, (8, 8, 1)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "JPEG2000", "AVIF"])
def test_too_many_pixels(kind: str) -> None:
    file = encode(Image.new("RGB", (1100, 1000)), kind)
    assert picture(file, DecodeConfig(max_megapixels=1.1)).shape == (1000, 1100, 3)
    assert code(file, DecodeConfig(max_megapixels=1.09)) == "decode.too_large"
    (page,) = decode(file, DecodeConfig(max_megapixels=1.09))
    assert "1100 x 1000" in page.fault.message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "JPEG2000", "AVIF"])
def test_cut_files_fail(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    whole = encode(noise, kind)
    for share in (0.2, 0.6, 0.95):
        assert code(whole[: int(len(whole) * share)]).startswith("decode.")


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "JPEG2000"]),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_damage_is_a_picture_or_a_fault(kind: str, damage: list[tuple[int, int]]) -> None:
    file = bytearray(encode(np.tile(UPRIGHT, (4, 4, 1)), kind))
    for at, value in damage:
        file[at % len(file)] = value
    assert decode(bytes(file), DecodeConfig(max_megapixels=2))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_page(data: bytes) -> None:
    assert decode(data)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"  <!DOCTYPE html><html>", "web page"),
        (b"<?xml version='1.0'?><svg xmlns=''>", "SVG"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp41", "ISO media"),
        (b"Dear Sir or Madam", "plain text"),
        (b"\x8f\x02\x11\x99", "8f 02 11 99"),
    ],
)
def test_other_content_is_named(content: bytes, words: str) -> None:
    (page,) = decode(content)
    assert (page.fault.code, page.page_count, page.format) == ("decode.unsupported", None, None)
    assert words in page.fault.message


def test_nothing_to_decode() -> None:
    assert code(b"") == "read.empty"


def test_a_bad_picture_is_still_a_page_of_its_document() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    (page,) = decode(encode(noise, "JPEG")[:-900])
    assert (page.fault.code, page.page_count, page.format) == ("decode.corrupt", 1, "jpeg")


@pytest.mark.parametrize("make", [tiff_of, lambda n: pdf(*[(20, 10)] * n)])
def test_pages_that_are_done_are_left_out(make: object) -> None:
    file = make(5)
    assert [page.page_index for page in decode(file)] == [0, 1, 2, 3, 4]
    assert [page.page_index for page in decode(file, skip=(0, 3))] == [1, 2, 4]
    assert decode(file, skip=(0, 1, 2, 3, 4)) == []
    assert all(page.page_count == 5 for page in decode(file))
    (page,) = decode(file, DecodeConfig(max_pages=4))
    assert (page.fault.code, page.page_count) == ("decode.too_large", None)


def test_no_second_row_for_a_page_that_is_done() -> None:
    assert [page.page_index for page in decode(b"ruin", skip=(0, 1))] == [2]
    assert first_missing((0, 1, 3)) == 2


def test_importing_the_front_loads_nothing_heavy() -> None:
    program = (
        "import sys, actors.decode, actors.documents, actors.read\n"
        "print(sorted({'numpy', 'PIL', 'pypdfium2', 'fsspec', 'cv2'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_opencv_is_not_needed() -> None:
    program = (
        "import sys; sys.modules['cv2'] = None\n"
        "from actors.decode import decode_document; from actors.settings import DecodeConfig\n"
        "print([p.fault for p in decode_document(sys.stdin.buffer.read(), DecodeConfig())])"
    )
    buffer = io.BytesIO(encode(UPRIGHT, "TIFF"))
    result = subprocess.run(
        [sys.executable, "-c", program], input=buffer.getvalue(), capture_output=True, check=True
    )
    assert result.stdout.strip() == b"[None]"


def test_jpeg2000_without_memory_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    cut = encode(noise, "JPEG2000")[:2000]
    assert code(cut) == "decode.corrupt"
    monkeypatch.setattr("actors.decoding.jpeg2000._BYTES_PER_SAMPLE", 1 << 20)
    assert code(cut) == "decode.too_large"


def test_wanted_pages_alone_are_decoded() -> None:
    first, *rest = [Image.new("L", (8, 8), shade) for shade in (10, 20, 30, 40, 50)]
    file = encode(first, "TIFF", save_all=True, append_images=rest)
    for pages, expected in (("1", [0]), ("-1", [4]), ("2-3", [1, 2]), ("1,4-", [0, 3, 4]), ("5,9", [4])):
        found = decode(file, DecodeConfig(pages=pages))
        assert [page.page_index for page in found] == expected
        assert [page.image[0, 0, 0] for page in found] == [10 * (index + 1) for index in expected]
        assert all(page.page_count == 5 for page in found)
    assert [page.page_index for page in decode(file, DecodeConfig(pages="2-4"), skip=(1, 2))] == [3]
    animation = encode(first, "GIF", save_all=True, append_images=rest)
    assert [page.page_index for page in decode(animation, DecodeConfig(pages="1-2"))] == [0]


def test_none_of_the_wanted_pages() -> None:
    (page,) = decode(encode(Image.new("L", (8, 8)), "PNG"), DecodeConfig(pages="2-3"))
    assert (page.page_index, page.page_count, page.format) == (0, None, "png")
    assert page.fault.code == "decode.no_such_page"
    assert "2-3" in page.fault.message and "1" in page.fault.message


def test_pages_of_a_config_in_several_spellings() -> None:
    assert DecodeConfig(pages=-1).pages == "-1"
    assert DecodeConfig(pages=[1, "3-5"]).pages == DecodeConfig(pages="1, 3-5").pages == "1,3-5"
    with pytest.raises(ValueError, match="no page 0"):
        DecodeConfig(pages="0")
