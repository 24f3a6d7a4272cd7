"""Every format is decoded in the box, to the same pixels as without it, fonts that a PDF lacks included."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

from actors.decoding.child import Decoder
from actors.decoding.formats import FORMATS
from actors.settings import DecodeConfig

pytestmark = pytest.mark.faults

HEIC = Path(__file__).parents[2] / "fixtures" / "heif" / "upright.heic"
STANDARD_FONTS = ("Helvetica", "Times-Italic", "Courier-Bold", "Symbol", "ZapfDingbats")
NOT_EMBEDDED = {
    "HeiseiMin-W3": "日本語の文字",
    "STSong-Light": "简体中文文字",
    "HYSMyeongJo-Medium": "한국어 글자",
}


def picture() -> Image.Image:
    image = Image.new("RGB", (160, 90), "white")
    draw = ImageDraw.Draw(image)
    draw.text((10, 30), "in the box", fill="black")
    draw.rectangle((90, 10, 150, 80), fill=(200, 30, 90))
    return image


def saved(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture().save(buffer, kind, **options)
    return buffer.getvalue()


def pdf() -> bytes:
    """Pages in fonts that the file does not bring along, a picture, and two links to fonts of the system."""
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, pagesize=(300, 200))
    for row, name in enumerate(STANDARD_FONTS):
        sheet.setFont(name, 16)
        sheet.drawString(20, 30 + 30 * row, f"{name} 12,50")
    sheet.showPage()
    for row, (name, text) in enumerate(NOT_EMBEDDED.items()):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
        sheet.setFont(name, 20)
        sheet.drawString(20, 40 + 50 * row, text)
    sheet.showPage()
    sheet.drawInlineImage(picture(), 20, 20, 160, 90)
    sheet.showPage()
    sheet.save()
    # Fonts of no known name, which pdfium looks for among the system's.
    return buffer.getvalue().replace(b"/Courier-Bold", b"/DejaVuSans--", 1)


def _fax() -> bytes:
    buffer = io.BytesIO()
    picture().convert("1").save(buffer, "TIFF", compression="group4")
    return buffer.getvalue()


SAMPLES = {
    "png": lambda: saved("PNG"),
    "jpeg": lambda: saved("JPEG"),
    "tiff": lambda: saved("TIFF", compression="tiff_lzw"),
    "tiff, fax": _fax,
    "webp": lambda: saved("WEBP", lossless=True),
    "gif": lambda: saved("GIF"),
    "bmp": lambda: saved("BMP"),
    "jp2": lambda: saved("JPEG2000"),
    "avif": lambda: saved("AVIF"),
    "heif": HEIC.read_bytes,
    "pnm": lambda: saved("PPM"),
    "pdf": pdf,
}


@pytest.fixture(scope="module")
def boxed() -> Iterator[Decoder]:
    with Decoder(DecodeConfig(sandbox="auto")) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def free() -> Iterator[Decoder]:
    with Decoder(DecodeConfig(sandbox="off")) as decoder:
        yield decoder


@pytest.mark.parametrize("name", SAMPLES)
def test_same_pixels(name: str, boxed: Decoder, free: Decoder) -> None:
    data = SAMPLES[name]()
    inside, outside = list(boxed.pages(data)), list(free.pages(data))
    assert [page.fault for page in inside] == [None] * len(outside)
    for one, other in zip(inside, outside, strict=True):
        assert np.array_equal(one.image, other.image) and one.notices == other.notices
        assert one.image.min() < 128, "nothing is drawn, so nothing is shown"


def test_every_format_has_a_sample() -> None:
    assert {entry.name for entry in FORMATS} <= {name.split(",")[0] for name in SAMPLES}


def test_a_box_that_is_not_whole_is_refused_where_it_is_required() -> None:
    """On a node of a cluster whose kernel is older than the driver's, say."""
    from actors.errors import ConfigError

    target = "tests.actors.lying_child:serve_on_an_old_kernel"
    with Decoder(DecodeConfig(sandbox="required"), target) as decoder, pytest.raises(ConfigError) as caught:
        list(decoder.pages(saved("PNG")))
    assert "Landlock" in caught.value.why
    with Decoder(DecodeConfig(sandbox="auto"), target) as decoder:
        (page,) = decoder.pages(saved("PNG"))
    assert page.fault is None
