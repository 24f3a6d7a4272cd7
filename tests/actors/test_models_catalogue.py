"""The catalogue is consistent with itself, and an unknown name is answered with the nearest."""

from __future__ import annotations

import re

import pytest

from actors.errors import ModelError
from actors.models.catalogue import CATALOGUE, DEFAULT_MODEL, Hub, Model, Package, find_model, pair_of
from actors.settings import EngineConfig
from tests.cli import ROOT


def test_the_default_of_the_settings_is_the_default_of_the_catalogue() -> None:
    assert EngineConfig().model == DEFAULT_MODEL == next(iter(CATALOGUE))
    assert CATALOGUE[DEFAULT_MODEL].pair is not None


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=CATALOGUE)
def test_every_entry_is_complete(model: Model) -> None:
    assert model.licence
    assert model.note
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", model.name), "a name is a folder's name too"
    for file in model.files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.bytes > 0
        assert re.fullmatch(r"[a-z]+\.[a-z]+", file.name)
        assert not file.member.startswith("/")
    names = {file.name for file in model.files}
    assert len(names) == len(model.files)
    if isinstance(model.source, Package):
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", model.source.requirement), "pinned to one version"
        assert model.bytes == sum(file.bytes for file in model.files) > 0
    else:
        assert isinstance(model.source, Hub)
        assert not model.files
        assert model.bytes == 0
    if model.pair is not None and model.files:
        suffixes = {"onnx": {"onnx"}, "paddle": {"pdmodel", "pdiparams"}}[model.format]
        weights = {f"{part}.{suffix}" for part in ("det", "rec") for suffix in suffixes}
        dictionary = set() if model.pair.dictionary == "metadata" else {model.pair.dictionary}
        assert names == weights | dictionary


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("PP-OCRv6_smal", "PP-OCRv6_small"),
        ("ppocrv6-tiny", "PP-OCRv6_tiny"),
        ("pp-ocrv5_SERVER", "PP-OCRv5_server"),
    ],
)
def test_a_slip_is_answered_with_the_nearest_name(asked: str, nearest: str) -> None:
    with pytest.raises(ModelError) as caught:
        find_model(asked)
    assert caught.value.remedy == f"Did you mean {nearest}?"
    assert asked in caught.value.what
    assert DEFAULT_MODEL in caught.value.why


def test_the_docs_have_every_entry() -> None:
    rows = [
        line
        for line in (ROOT / "docs" / "models.md").read_text("utf-8").splitlines()
        if line.startswith("| `") and "engine.model" not in line.split("|")[1]
    ]
    assert [row.split("`")[1] for row in rows] == list(CATALOGUE)
    for row, model in zip(rows, CATALOGUE.values(), strict=True):
        assert f"| {model.licence} |" in row
        assert f"| {'ONNX' if model.format == 'onnx' else 'Paddle'}" in row
        assert f"| {model.bytes / 1e6:.1f} MB |" in row or not model.files
        assert str(model.source) in row


def test_a_name_that_is_near_nothing() -> None:
    with pytest.raises(ModelError) as caught:
        find_model("zzz")
    assert "rayocr models list" in caught.value.remedy


def test_a_model_that_reads_no_text_is_no_pair() -> None:
    with pytest.raises(ModelError) as caught:
        pair_of(CATALOGUE["textline_cls_v2"])
    assert DEFAULT_MODEL in caught.value.remedy
    assert "textline" not in caught.value.remedy
