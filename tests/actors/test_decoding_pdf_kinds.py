"""PDF: passwords, dynamic XFA, portfolios, and attachments."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from actors.attached import attached_ref, container_of, is_unknown, unknown_ref
from actors.contracts import DocRef
from actors.decoding.child import Decoder
from actors.documents import read_and_decode
from actors.errors import PageError
from actors.settings import DecodeConfig
from tests.actors.pdf_pictures import document, text
from tests.actors.pictures import encode, pdf
from tests.actors.test_decode import decode
from tests.pictures import picture

READ = DecodeConfig(attachments="read")


def locked(password: str, pages: int = 1, strength: int = 128) -> bytes:
    """A PDF that asks for a password."""
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, (72, 72), encrypt=StandardEncryption(password, "owner", strength=strength))
    for _ in range(pages):
        canvas.rect(10, 10, 30, 30, fill=1)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def attach(*files: tuple[str, bytes], root: bytes = b"") -> bytes:
    """A PDF with attachments."""
    more: list[bytes] = []
    names = []
    for name, content in files:
        number = 100 + len(more)
        more.append(b"<</Type/EmbeddedFile/Length %d>>stream\n%s\nendstream" % (len(content), content))
        spelled = ("\ufeff" + name).encode("utf-16-be").hex().encode()
        more.append(b"<</Type/Filespec/F(x)/UF<%s>/EF<</F %d 0 R>>>>" % (spelled, number))
        names.append(b"(%04d) %d 0 R" % (len(names), number + 1))
    tree = b"/Names<</EmbeddedFiles<</Names[%s]>>>>" % b" ".join(names)
    return document([], text("Cover"), root=tree + root, more=more)


@pytest.mark.parametrize("strength", [40, 128])
def test_passwords_are_tried_in_turn(strength: int) -> None:
    file = locked("s3cret", strength=strength)
    (page,) = decode(file, DecodeConfig(passwords=("wrong", "s3cret", "other")))
    assert page.fault is None and tuple(page.image[-50, 50]) == (0, 0, 0)
    (page,) = decode(file, DecodeConfig(passwords=("owner",)))
    assert page.fault is None
    (page,) = decode(file, DecodeConfig(passwords=("wrong", "no")))
    assert page.fault.code == "decode.encrypted" and "none of the 2" in page.fault.message
    assert "wrong" not in page.fault.message
    (page,) = decode(file)
    assert (page.fault.code, page.fault.message) == ("decode.encrypted", "the PDF asks for a password")


def test_passwords_are_no_hindrance_to_other_files() -> None:
    settings = DecodeConfig(passwords=("wrong",))
    assert decode(pdf((72, 72)), settings)[0].fault is None
    assert decode(b"%PDF-1.7\n", settings)[0].fault.code == "decode.corrupt"


def test_passwords_are_shown_nowhere() -> None:
    settings = DecodeConfig(passwords=("s3cret",))
    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert "s3cret" not in shown
    assert settings.passwords == (SecretStr("s3cret"),)
    assert DecodeConfig(passwords="alone").passwords == (SecretStr("alone"),)
    with pytest.raises(ValidationError, match="in quotes") as caught:
        DecodeConfig(passwords=[123456])
    assert "in quotes" in str(caught.value.errors()[0]["msg"])


def test_dynamic_xfa_is_told_on_every_page() -> None:
    form = b"/AcroForm<</XFA 100 0 R/Fields[]>>"
    xfa = b"<</Length 5>>stream\n<xdp>\nendstream"
    dynamic = document([], text("Please wait"), root=form + b"/NeedsRendering true", more=[xfa])
    assert decode(dynamic)[0].notices == ("pdf.xfa",)
    static = document([], text("Name"), root=form, more=[xfa])
    assert decode(static)[0].notices == ()


def test_attachments_are_told() -> None:
    file = attach(("letter.pdf", pdf((72, 72))), ("data.xml", b"<xml/>"))
    assert decode(file)[0].notices == ("pdf.attachments",)
    assert decode(file, READ)[0].notices == ("pdf.attached", "pdf.attachments")
    assert decode(attach(("a.pdf", pdf((72, 72)))), READ)[0].notices == ("pdf.attached",)
    assert decode(attach(("data.xml", b"<xml/>")), READ)[0].notices == ("pdf.attachments",)
    cover = attach(("a.pdf", pdf((72, 72))), root=b"/Collection<</Type/Collection>>")
    assert decode(cover)[0].notices == ("pdf.portfolio",)
    assert decode(cover, READ)[0].notices == ("pdf.portfolio", "pdf.attached")


def test_a_page_alone_tells_of_the_document() -> None:
    many = attach(("a.pdf", pdf((72, 72)))).replace(b"/Count 1/Kids[3 0 R]", b"/Count 2/Kids[3 0 R 3 0 R]")
    assert [page.notices for page in decode(many)] == [("pdf.attachments",), ()]
    (page,) = decode(many, DecodeConfig(pages="2"))
    assert (page.page_index, page.notices) == (1, ("pdf.attachments",))


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(READ) as started:
        yield started


def test_names_are_safe_and_distinct(decoder: Decoder) -> None:
    one = pdf((72, 72))
    names = ("a/b\\..\x01.pdf", "same.pdf", "same.pdf", "same", "same", " ", "..", "Größe \u202e1.pdf")
    found = decoder.attached(attach(*((name, one) for name in names)), ())
    assert [one.name for one in found.documents] == [
        "a_b_.._.pdf", "same.pdf", "same (2).pdf", "same", "same (2)", "attachment", "attachment (2)",
        "Größe _1.pdf",
    ]  # fmt: skip
    assert [one.index for one in found.documents] == list(range(8)) and found.unread == 0


def test_content_at_any_depth(decoder: Decoder) -> None:
    inner = encode(picture(3), "PNG")
    outer = attach(("note.txt", b"hello"), ("box.pdf", attach(("scan.png", inner))))
    assert decoder.attachment(outer, (1, 0)) == inner
    assert [one.name for one in decoder.attached(outer, (1,)).documents] == ["scan.png"]
    assert decoder.attached(outer, (1, 0)).documents == ()
    for path in ((5,), (0, 0), (1, 0, 0)):
        with pytest.raises(PageError):
            decoder.attachment(outer, path)
    with pytest.raises(PageError):
        decoder.attached(b"ruin", (0,))


def test_an_attached_document_is_one_like_others(decoder: Decoder, tmp_path: Path) -> None:
    file = tmp_path / "outer.pdf"
    file.write_bytes(attach(("letter.pdf", pdf((72, 72), (36, 72)))))
    parent = DocRef("id", "outer.pdf", str(file), "3-4", size_bytes=9, meta={"batch": "7"})
    (attachment,) = decoder.attached(file.read_bytes(), ()).documents
    ref = attached_ref(parent, attachment)
    assert (ref.key, ref.version, ref.meta) == ("outer.pdf!/letter.pdf", "3-4!/0", {"batch": "7"})
    assert container_of(ref)[0].uri == str(file) and container_of(ref)[1] == (0,)
    pages = list(read_and_decode(ref, decoder, READ))
    assert [page.decoded.image.shape for page in pages] == [(200, 200, 3), (200, 100, 3)]
    assert pages[0].size_bytes == len(pdf((72, 72), (36, 72)))
    file.write_bytes(pdf((72, 72)))
    (page,) = read_and_decode(ref, decoder, READ)
    assert (page.decoded.fault.code, page.decoded.page_count) == ("decode.corrupt", None)


def test_other_documents_are_no_containers() -> None:
    odd = DocRef("id", "dir!/3/file.png", "/dir!/3/file.png", "etag!")
    assert container_of(odd) == (odd, ())
    alone = DocRef("id", "file.png", "file.png", "etag!/3")  # a version that only looks like one
    assert container_of(alone) == (alone, ())
    assert is_unknown(unknown_ref(odd)) and not is_unknown(odd)


def test_the_front_stays_light() -> None:
    program = "import sys, actors.attached, actors.decoding.child\nprint('pypdfium2' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
