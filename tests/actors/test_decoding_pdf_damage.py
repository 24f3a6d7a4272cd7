"""PDF: a page whose pictures are damaged is told, and a whole one is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from actors.decoding.streams import fax_is_whole, jbig2_is_whole, jpx_is_whole, samples_are_whole
from actors.settings import DecodeConfig
from tests.actors.pdf_pictures import (
    FILTERS,
    PAGE,
    SIZE,
    Stored,
    ccitt,
    dct,
    document,
    flate,
    hexed,
    jbig2,
    jpx,
    raw,
    scan,
    text,
    whole_page,
)
from tests.actors.test_decode import decode

DAMAGED = ("pdf.damaged_image",)
PREDICTED: Callable[[], Stored] = lambda: flate(scan("RGB"), predictor=True)  # noqa: E731
KINDS: dict[str, Callable[[], Stored]] = {
    **FILTERS,
    "gray JPEG": lambda: dct(scan("L")),
    "color JPEG": lambda: dct(scan("RGB")),
    "progressive JPEG": lambda: dct(scan("RGB"), progressive=True),
    "CMYK JPEG": lambda: dct(scan("CMYK")),
    "bilevel samples": lambda: flate(scan("1")),
    "predicted samples": PREDICTED,
    "CMYK samples": lambda: flate(scan("CMYK")),
    "two filters": hexed,
    "no filter": raw,
    "group 3": lambda: ccitt(k=0),
}


def outcome(data: bytes) -> str | tuple[str, ...]:
    (page,) = decode(data)
    return page.fault.code if page.fault else page.notices


@pytest.mark.parametrize("kind", KINDS)
def test_whole_pictures_are_no_damage(kind: str) -> None:
    picture = KINDS[kind]()
    assert outcome(document([picture])) == ()
    lying = b"q 0 %d -%d 0 %d 0 cm /Im0 Do Q" % (PAGE[1], PAGE[0], PAGE[0])
    assert outcome(document([picture], lying)) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_cut_is_told(kind: str) -> None:
    for share in (0.12, 0.47, 0.93):
        found = outcome(document([KINDS[kind]().cut(share)]))
        assert found in (DAMAGED, "decode.corrupt"), share
        if kind == "JPXDecode":  # pdfium makes nothing of a part of it
            assert found == "decode.corrupt"


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_of_nothing_but_a_dead_picture_fails(kind: str) -> None:
    picture = KINDS[kind]()
    dead = {"empty": picture.cut(0), "zeros": picture.zeros()}
    if kind not in ("CCITTFaxDecode", "group 3", "no filter"):  # of any bits these make a picture
        dead["garbage"] = picture.garbage()
    if kind == "no filter":  # zeros are a black picture
        del dead["zeros"]
    for name, one in dead.items():
        (page,) = decode(document([one]))
        assert page.fault is not None and page.fault.code == "decode.corrupt", name
        assert "picture" in page.fault.message
        beside = outcome(document([one], whole_page() + b" 1 0 0 rg " + text("Letter of 4 March")))
        assert beside == DAMAGED, name


def test_the_message_names_the_filter() -> None:
    (page,) = decode(document([dct().zeros()]))
    assert "DCTDecode" in page.fault.message
    unknown = replace(dct(), entries=dct().entries.replace(b"DCTDecode", b"OddDecode"))
    (page,) = decode(document([unknown]))
    assert (page.fault.code, "OddDecode" in page.fault.message) == ("decode.corrupt", True)


def test_a_picture_that_is_missing() -> None:
    (page,) = decode(document([None]))
    assert (page.fault.code, "Im0 is missing" in page.fault.message) == ("decode.corrupt", True)
    assert outcome(document([None], whole_page() + text("Letter of 4 March"))) == DAMAGED
    assert outcome(document([], b"q 20 0 0 20 0 0 cm /Im0 Do Q " + text("Letter"))) == ()  # a small one
    assert outcome(document([dct()], b"")) == ()  # it is there, and not drawn


def test_empty_pages_are_empty() -> None:
    blank = Image.new("1", SIZE, 255)
    for picture in (ccitt(blank), ccitt(blank, k=0), flate(blank), jbig2(blank), dct(blank.convert("L"))):
        assert outcome(document([picture])) == ()
    assert outcome(document([jpx(Image.new("RGB", SIZE, "white"))])) == ()
    assert outcome(document([], b"")) == ()


def test_small_pictures_are_decoration() -> None:
    dead = dct().zeros()
    assert outcome(document([dead], b"q 10 0 0 10 20 20 cm /Im0 Do Q " + text("Letter"))) == ()
    assert outcome(document([dead], b"q 10 0 0 10 20 20 cm /Im0 Do Q")) == ()
    assert outcome(document([dead], b"q 100 0 0 50 20 20 cm /Im0 Do Q " + text("Letter"))) == DAMAGED
    assert outcome(document([dead], b"q 100 0 0 100 900 900 cm /Im0 Do Q " + text("Letter"))) == ()


def test_many_strips_count_together() -> None:
    strips = b" ".join(b"q %d 0 0 4 0 %d cm /Im0 Do Q" % (PAGE[0], 4 * row) for row in range(100))
    assert outcome(document([dct(scan().crop((0, 0, 600, 8)))], strips)) == ()
    assert outcome(document([dct(scan().crop((0, 0, 600, 8))).zeros()], strips)) == "decode.corrupt"


def test_pictures_in_forms_and_inline() -> None:
    form = b"q 1 0 0 1 0 0 cm /Fm0 Do Q"
    assert outcome(document([dct()], form, forms=[whole_page()])) == ()
    assert outcome(document([dct().zeros()], form, forms=[whole_page()])) == "decode.corrupt"
    nested = document([dct().zeros()], b"/Fm0 Do " + text("Letter"), forms=[b"/Fm1 Do", whole_page()])
    assert outcome(nested) == DAMAGED
    data = flate(scan(size=(60, 80))).data
    entries = b"/W 60 /H 80 /BPC 8 /CS /G /F /Fl"
    for share, expected in ((1.0, ()), (0.5, "decode.corrupt")):  # pdfium drops what it cannot inflate
        part = data[: int(len(data) * share)]
        inline = b"q %d 0 0 %d 0 0 cm BI %s ID " % (*PAGE, entries) + part + b"\nEI Q"
        assert outcome(document([], inline)) == expected


def test_masks_and_inverted_samples() -> None:
    stamp = flate(scan("1"))
    mask = replace(stamp, entries=stamp.entries.replace(b"/ColorSpace/DeviceGray", b"/ImageMask true"))
    assert outcome(document([mask])) == ()
    assert outcome(document([mask.cut(0.4)])) == DAMAGED
    inverted = replace(stamp, entries=stamp.entries + b"/Decode[1 0]")
    assert outcome(document([inverted])) == ()
    assert outcome(document([inverted.cut(0.4)])) == DAMAGED


def test_a_picture_without_rows_is_no_failure() -> None:
    none = replace(flate(), entries=flate().entries.replace(b"/Height 800", b"/Height 0"))
    assert outcome(document([none])) == DAMAGED


def test_a_few_bits_and_colors_of_samples() -> None:
    gray = np.asarray(scan("L"))[:, ::2] >> 4
    nibbles = ((gray[:, ::2] << 4) | gray[:, 1::2]).tobytes()
    entries = b"/Type/XObject/Subtype/Image/Width 300/Height 800/BitsPerComponent 4/ColorSpace/DeviceGray"
    assert outcome(document([Stored(entries, nibbles)])) == ()
    assert outcome(document([Stored(entries, nibbles[: len(nibbles) * 2 // 5])])) == DAMAGED
    indexed = b"[/Indexed/DeviceRGB 1<ffffff000000>]"
    one = flate(scan("1"))
    palette = replace(one, entries=one.entries.replace(b"/DeviceGray", indexed))
    assert outcome(document([palette])) == ()


def test_faxes_without_an_end_marker_are_whole() -> None:
    """Which is how the last rows of some writers' pages look: white, and no marker behind."""
    sheet = Image.new("1", SIZE, 255)
    sheet.paste(scan("1").crop((0, 0, 600, 300)), (0, 0))
    fax = ccitt(sheet)
    bits = f"{int.from_bytes(fax.data, 'big'):0{8 * len(fax.data)}b}"
    bits = bits[: bits.rindex("000000000001000000000001")]
    bits += "0" * (-len(bits) % 8)
    unmarked = int(bits, 2).to_bytes(len(bits) // 8, "big")
    assert outcome(document([replace(fax, data=unmarked)])) == ()
    assert outcome(document([replace(fax, data=unmarked[: len(unmarked) // 2])])) == DAMAGED
    assert fax_is_whole(b"", 800, 0.001)
    assert not fax_is_whole(b"", 800, 1.0)


def test_a_jpeg_without_an_end_marker_is_whole() -> None:
    picture = dct()
    assert outcome(document([replace(picture, data=picture.data[:-2])])) in ((), DAMAGED)
    assert outcome(document([replace(picture, data=picture.data + b"\0" * 500)])) == ()


def test_structure_of_streams() -> None:
    assert jpx_is_whole(jpx().data) and not jpx_is_whole(jpx().data[:-4000]) and not jpx_is_whole(b"")
    assert jbig2_is_whole(jbig2().data) and not jbig2_is_whole(jbig2().data[:-100])
    assert not jbig2_is_whole(b"") and not jbig2_is_whole(b"\xff" * 200)
    assert samples_are_whole(480_000, 600, 800, 8, 0.5)
    assert samples_are_whole(480_003, 600, 800, 8, 1.0)
    assert not samples_are_whole(200_000, 600, 800, 8, 0.6)
    assert samples_are_whole(200_000, 600, 800, 8, 0.05)  # what is missing would be blank


def test_a_damaged_page_fails_alone_and_tells_nobody_of_the_settings() -> None:
    (page,) = decode(document([dct().zeros()]), DecodeConfig(pdf_dpi=50))
    assert page.image is None and page.page_count == 1 and page.format == "pdf"


def test_pictures_of_encrypted_documents() -> None:
    import io

    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, PAGE, encrypt=StandardEncryption("", "owner", strength=128))
    for mode in ("JPEG", "PNG"):
        stored = io.BytesIO()
        scan("RGB").save(stored, mode)
        canvas.drawImage(ImageReader(stored), 0, 0, *PAGE)
        canvas.showPage()
    canvas.save()
    assert [(page.fault, page.notices) for page in decode(buffer.getvalue())] == [(None, ())] * 2
