"""Options of decoding, as a user meets them: pages, passwords, attachments; runs, resuming and proofs."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pipelines.parquet import parquet_of
from tests.actors.pictures import encode, pdf
from tests.actors.test_decoding_pdf_kinds import attach, locked
from tests.cli import rayocr, rows
from tests.pictures import picture, tiff

FAKE = ("--set", "engine.engine=fake", "--runner", "inline", "--set", "output.max_failed_fraction=1")


def found(output: Path) -> dict[tuple[str, int], str]:
    return {(row["key"], row["page_index"]): row["error_code"] or row["status"] for row in rows(output)}


def test_some_pages_of_each_document(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    tiff(source / "five.tif", 5)
    picture(7).save(source / "one.png")
    options = ("-i", source, "-o", output, *FAKE, "--set")
    answer = rayocr("run", *options, "decode.pages=2,-1")
    assert answer.returncode == 0, answer.stderr
    first = found(output)
    assert first == {("five.tif", 1): "ok", ("five.tif", 4): "ok", ("one.png", 0): "ok"}
    assert "complete" in rayocr("verify", "-i", source, "-o", output).stdout

    answer = rayocr("run", *options, "decode.pages=2, -1")  # the same, spelled in another way
    assert answer.returncode == 0 and found(output) == first
    answer = rayocr("run", *options, "decode.pages=2")
    assert answer.returncode == 2 and "decode.pages: 2,-1 there, 2 now" in answer.stderr

    for file in (output / "pages").iterdir():  # what is lost is done again, and nothing else
        file.unlink()
    answer = rayocr("verify", "-i", source, "-o", output)
    assert answer.returncode == 4
    assert rayocr("run", *options, "decode.pages=2,-1").returncode == 0 and found(output) == first


def test_a_document_without_the_wanted_pages_is_a_row(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    tiff(source / "three.tif", 3)
    picture(7).save(source / "one.png")
    answer = rayocr("run", "-i", source, "-o", output, *FAKE, "--set", "decode.pages=2-3")
    assert answer.returncode == 0, answer.stderr
    assert found(output) == {
        ("one.png", 0): "decode.no_such_page",
        ("three.tif", 1): "ok",
        ("three.tif", 2): "ok",
    }
    answer = rayocr("verify", "-i", source, "-o", output)
    assert answer.returncode == 0 and "decode.no_such_page" in answer.stdout


def test_passwords_open_documents_and_are_written_nowhere(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "slip.pdf").write_bytes(locked("s3cret-one"))
    options = ("-i", source, "-o", output, *FAKE)
    assert rayocr("run", *options).returncode == 0
    assert found(output) == {("slip.pdf", 0): "decode.encrypted"}
    passwords = {"RAYOCR_DECODE__PASSWORDS": '["no-such-one", "s3cret-one"]'}
    told = [
        rayocr("plan", *options, **passwords),
        rayocr("run", *options, "--retry-failed", "decode.encrypted", **passwords),
        rayocr("verify", *options[:4], **passwords),
        rayocr("run", *options, "--set", "decode.passwords=[s3cret-one, 5]"),
    ]
    assert [answer.returncode for answer in told] == [0, 0, 0, 2], told[1].stderr
    assert list(found(output)) == [("slip.pdf", 0)] and "decode" not in str(found(output).values())
    shown = "".join(answer.stdout + answer.stderr for answer in told)
    written = b"".join(file.read_bytes() for file in output.rglob("*") if file.is_file())
    for secret in ("s3cret-one", "no-such-one"):
        assert secret not in shown and secret.encode() not in written
        assert secret not in json.dumps(rows(output), default=str)


def portfolio(path: Path, *files: tuple[str, bytes]) -> None:
    path.write_bytes(attach(*files, root=b"/Collection<</Type/Collection>>"))


def test_attached_documents_are_documents(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    letter, scan = pdf((72, 72), (36, 72)), encode(picture(3), "PNG")
    box = attach(("deep.png", encode(picture(4), "PNG")))
    portfolio(source / "mail.pdf", ("letter.pdf", letter), ("scan.png", scan), ("box.pdf", box))
    picture(7).save(source / "one.png")
    options = ("-i", source, "-o", output, *FAKE, "--set", "decode.attachments=read")
    answer = rayocr("run", *options)
    assert answer.returncode == 0, answer.stderr
    keys = [(row["key"], row["page_index"]) for row in rows(output)]
    assert keys == [
        ("mail.pdf", 0),
        ("mail.pdf!/box.pdf", 0),
        ("mail.pdf!/box.pdf!/deep.png", 0),
        ("mail.pdf!/letter.pdf", 0),
        ("mail.pdf!/letter.pdf", 1),
        ("mail.pdf!/scan.png", 0),
        ("one.png", 0),
    ]
    (cover,) = [row for row in rows(output) if row["key"] == "mail.pdf"]
    assert cover["notices"] == ["pdf.portfolio", "pdf.attached"]
    assert "6 " in answer.stdout  # documents

    answer = rayocr("run", *options)
    assert answer.returncode == 0 and [(row["key"], row["page_index"]) for row in rows(output)] == keys
    answer = rayocr("verify", "-i", source, "-o", output)
    assert answer.returncode == 0 and "complete" in answer.stdout, answer.stdout

    shown = tmp_path / "page.png"
    answer = rayocr("show", "mail.pdf!/scan.png", "-o", output, "--picture", shown)
    assert answer.returncode == 0, answer.stderr
    assert shown.exists()


def test_attached_documents_that_lack_are_missed_and_done(tmp_path: Path) -> None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    portfolio(source / "mail.pdf", ("a.png", encode(picture(3), "PNG")), ("b.png", encode(picture(4), "PNG")))
    options = ("-i", source, "-o", output, *FAKE, "--set", "decode.attachments=read")
    assert rayocr("run", *options).returncode == 0
    whole = found(output)
    for file in (output / "pages").iterdir():  # as if the run had been cut off
        table = pq.read_table(file)
        left = table.filter(pc.not_equal(table.column("key"), "mail.pdf!/b.png"))
        file.write_bytes(parquet_of([left], left.schema))
    answer = rayocr("verify", "-i", source, "-o", output)
    assert answer.returncode == 4 and "mail.pdf!/b.png" in answer.stdout
    answer = rayocr("run", *options)
    assert answer.returncode == 0 and found(output) == whole

    (source / "mail.pdf").rename(tmp_path / "mail.pdf")  # a parent that cannot be looked into
    (source / "mail.pdf").write_bytes(b"")
    os.utime(source / "mail.pdf")
    answer = rayocr("verify", "-i", source, "-o", output)
    assert answer.returncode == 4


def test_attachments_of_a_changed_document(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    portfolio(source / "mail.pdf", ("a.png", encode(picture(3), "PNG")), ("b.png", encode(picture(4), "PNG")))
    options = ("-i", source, "-o", output, *FAKE, "--set", "decode.attachments=read")
    assert rayocr("run", *options).returncode == 0
    portfolio(
        source / "mail.pdf", ("a.png", encode(picture(5), "PNG")), ("new.png", encode(picture(6), "PNG"))
    )
    answer = rayocr("run", *options)
    assert answer.returncode == 0, answer.stderr
    versions = {row["key"]: row["version"] for row in rows(output)}
    listed = versions["mail.pdf"]
    assert versions["mail.pdf!/a.png"] == f"{listed}!/0" and versions["mail.pdf!/new.png"] == f"{listed}!/1"
    assert not versions["mail.pdf!/b.png"].startswith(listed)
    assert [row["key"] for row in rows(output)].count("mail.pdf!/a.png") == 1
    assert "no longer in the source, for example mail.pdf!/b.png" in answer.stderr + answer.stdout
    answer = rayocr("verify", "-i", source, "-o", output)
    assert answer.returncode == 0 and "mail.pdf!/b.png" in answer.stdout


def test_equal_portfolios_with_dedup(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("x.pdf", "y.pdf"):
        portfolio(source / name, ("a.png", encode(picture(3), "PNG")))
    options = (*FAKE, "--set", "decode.attachments=read", "--set", "output.dedup=true")
    answer = rayocr("run", "-i", source, "-o", output, *options)
    assert answer.returncode == 0, answer.stderr
    assert set(found(output)) == {("x.pdf", 0), ("x.pdf!/a.png", 0), ("y.pdf", 0), ("y.pdf!/a.png", 0)}
    assert rayocr("verify", "-i", source, "-o", output).returncode == 0


def test_attachments_stay_as_long_as_their_document_does(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("mail.pdf", "other.pdf"):
        portfolio(source / name, (f"{name}.png", encode(picture(len(name)), "PNG")))
    picture(7).save(source / "one.png")
    options = (*FAKE, "--set", "decode.attachments=read")
    assert rayocr("run", "-i", source, "-o", output, *options).returncode == 0
    everything = found(output)
    assert len(everything) == 5

    moved = source.rename(tmp_path / "moved")  # its attachments are in no listing, and have not left it
    answer = rayocr("run", "-i", moved, "-o", output, *options, "--forget")
    assert answer.returncode == 0, answer.stderr
    assert found(output) == everything and "none is forgotten" in answer.stderr

    (moved / "other.pdf").unlink()
    portfolio(moved / "mail.pdf", ("new.png", encode(picture(9), "PNG")))
    answer = rayocr("run", "-i", moved, "-o", output, *options, "--forget")
    assert answer.returncode == 0, answer.stderr
    assert found(output) == {("mail.pdf", 0): "ok", ("mail.pdf!/new.png", 0): "ok", ("one.png", 0): "ok"}
    assert "other.pdf!/other.pdf.png" in answer.stderr


def test_attachments_of_a_document_that_cannot_be_read_stay(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    portfolio(source / "mail.pdf", ("a.png", encode(picture(3), "PNG")), ("b.png", encode(picture(4), "PNG")))
    (source / "left.png").write_bytes(encode(picture(5), "PNG"))
    options = ("-i", source, "-o", output, *FAKE, "--set", "decode.attachments=read")
    assert rayocr("run", *options).returncode == 0
    whole = [row for row in rows(output) if row["key"] != "left.png"]
    content = (source / "mail.pdf").read_bytes()
    (source / "mail.pdf").write_bytes(b"")
    (source / "left.png").unlink()
    answer = rayocr("run", *options, "--forget", "--add-source")
    assert answer.returncode == 3, answer.stderr
    assert "forgotten: 1 document that left the source: left.png" in answer.stderr
    assert rows(output) == whole
    answer = rayocr("verify", "-i", source, "-o", output, "--json")
    assert answer.returncode == 3, answer.stdout
    assert '"orphaned": {\n    "count": 0' in answer.stdout
    (source / "mail.pdf").write_bytes(content)
    answer = rayocr("run", *options)
    assert answer.returncode == 0, answer.stderr
    assert {row["key"] for row in rows(output)} == {row["key"] for row in whole}
    assert rayocr("verify", "-i", source, "-o", output).returncode == 0
