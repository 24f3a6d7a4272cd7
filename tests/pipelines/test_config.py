"""One tree of settings, whichever way it is given; what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.errors import ConfigError
from pipelines.config import load_config

BASE = {"source.path": "in", "output.path": "out"}


def test_later_wins(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(
        "source: {path: a}\noutput: {path: b}\ndecode: {pdf_dpi: 100, timeout_s: 1, max_pages: 7}\n"
    )
    environment = {"RAYOCR_DECODE__PDF_DPI": "150", "RAYOCR_DECODE__TIMEOUT_S": "2", "RAYOCR_DATA": "x"}
    made = load_config(str(file), ["decode.timeout_s=3"], {"source.path": "z"}, environment)
    assert made.decode.max_pages == 7
    assert made.decode.pdf_dpi == 150
    assert made.decode.timeout_s == 3
    assert made.source.path == "z"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("engin.model=x", "did you mean engine?"),
        ("decode.pdfdpi=1", "did you mean decode.pdf_dpi?"),
        ("decode.pdf_dpi=-1", "decode.pdf_dpi"),
        ("decode.pdf_dpi=many", "decode.pdf_dpi"),
        ("nonsense", "key=value"),
        ("decode.pdf_dpi.x=1", "decode.pdf_dpi"),
    ],
)
def test_a_fault_is_named(override: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(overrides=[override], flags=BASE, environment={})
    assert words in str(caught.value)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match=r"output\.path \(--output\) is missing"):
        load_config(flags={"source.path": "in"}, environment={})


@pytest.mark.parametrize("text", ["a: [", "- a", "\ttab: 1"])
def test_a_file_that_is_no_config(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError):
        load_config(str(file), environment={})


def test_values_with_colons_and_braces() -> None:
    overrides = ["source.path=s3://b/a: b", "output.path=2024", "source.name=null"]
    made = load_config(overrides=overrides, environment={})
    assert made.source.path == "s3://b/a: b"
    assert made.output.path == "2024"
    assert made.source.name is None


def test_credentials_are_not_printed() -> None:
    made = load_config(overrides=["source.storage_options={secret: hunter2}"], flags=BASE, environment={})
    assert made.source.storage_options == {"secret": "hunter2"}
    assert "hunter2" not in repr(made)


def test_it_is_frozen() -> None:
    made = load_config(flags=BASE, environment={})
    with pytest.raises(Exception, match="frozen"):
        made.source.path = "other"  # type: ignore[misc]
