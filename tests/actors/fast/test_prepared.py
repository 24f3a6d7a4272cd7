"""Recognition models that were changed: made once, kept, made again if altered."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.engines.fast import prepared
from actors.engines.fast.charset import kept_classes
from actors.engines.fast.prepared import Head, prepare_detection, prepare_recognition
from actors.errors import ModelError
from actors.models.cache import ModelFiles, ModelStore
from actors.models.catalogue import CATALOGUE
from actors.models.keeping import identity_of
from actors.settings import ModelsConfig
from tests.actors.runtimes.graphs import doubling, head
from tests.models import require_model, toy_folder, toy_model

HEADS: tuple[Head, ...] = ("softmax", "logits", "best", "blocks")
PROVIDER = "CPUExecutionProvider"

CHARACTERS = "a\nb\n1\n.\nя\n"
"""With the blank and the space: the seven classes of the toy graph."""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelFiles:
    """A toy model whose graphs can be changed."""
    pytest.importorskip("onnx")
    contents = {
        "det.onnx": doubling(tmp_path).files[0].read_bytes(),
        "rec.onnx": head(tmp_path).files[0].read_bytes(),
        "characters.txt": CHARACTERS.encode(),
    }
    toy = toy_model()
    listed = tuple(
        replace(file, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        if (content := contents.get(file.name))
        else file
        for file in toy.files
    )
    monkeypatch.setitem(CATALOGUE, "toy", replace(toy, files=listed))
    source = toy_folder(tmp_path / "source", **contents)
    return ModelStore(ModelsConfig(cache=str(tmp_path / "cache"), source=str(source))).ensure("toy")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The graphs that were changed, as they are."""
    from actors.runtimes import surgery

    real, seen = surgery.prepare, []

    def noting(source: Path, target: Path, *rest: Any, **named: Any) -> None:
        seen.append(target)
        real(source, target, *rest, **named)

    monkeypatch.setattr(surgery, "prepare", noting)
    return seen


def test_it_is_made_once_and_kept(files: ModelFiles, made: list[Path], tmp_path: Path) -> None:
    first = prepare_recognition(files, "latin", "logits", tmp_path)
    assert prepare_recognition(files, "latin", "logits", tmp_path) == first
    assert len(made) == 1
    assert first.head == "logits"
    assert first.characters == ("", "a", "b", "1", ".", " ")
    assert first.weights.files[0].is_file()
    assert [path.name for path in (tmp_path / "prepared").iterdir() if path.suffix != ".lock"] == [
        first.weights.files[0].parent.name
    ], "nothing is left of its making"


@pytest.mark.parametrize("damage", ["graph", "card", "no card", "no graph"])
def test_it_is_made_again_if_it_was_altered(
    files: ModelFiles, made: list[Path], tmp_path: Path, damage: str
) -> None:
    first = prepare_recognition(files, "latin", "logits", tmp_path)
    (graph,) = first.weights.files
    good, card = graph.read_bytes(), graph.with_name("card.json")
    if damage == "graph":
        graph.write_bytes(good[:-1] + b"x")
    elif damage == "card":
        card.write_text(json.dumps({"sha256": 7}))
    else:
        (card if damage == "no card" else graph).unlink()
    assert prepare_recognition(files, "latin", "logits", tmp_path) == first
    assert graph.read_bytes() == good
    assert len(made) == 2


def test_detection_is_kept_likewise(files: ModelFiles, tmp_path: Path) -> None:
    first = prepare_detection(files, tmp_path)
    (graph,) = first.files
    good = graph.read_bytes()
    graph.write_bytes(b"damage")
    assert prepare_detection(files, tmp_path) == first
    assert graph.read_bytes() == good
    assert graph.name == "det.onnx"


def test_each_charset_and_head_has_its_own(files: ModelFiles, tmp_path: Path) -> None:
    all_ = [
        prepare_recognition(files, charset, kind, tmp_path)
        for charset in ("all", "latin", "digits")
        for kind in HEADS
    ]
    assert len({one.weights.files for one in all_}) == 12
    assert {len(one.characters) for one in all_} == {7, 6, 4}


def test_other_weights_have_their_own(files: ModelFiles, tmp_path: Path) -> None:
    other = ModelFiles(files.model, files.folder, {**files.sha256, "det.onnx": "0" * 64})
    ours, theirs = (prepare_recognition(one, "all", "logits", tmp_path) for one in (files, other))
    assert ours.weights != theirs.weights


def test_two_makers_at_once_make_it_once(files: ModelFiles, made: list[Path], tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: prepare_recognition(files, "latin", "logits", tmp_path), range(4)))
    assert len(set(found)) == 1
    assert len(made) == 1


def test_a_model_in_paddle_format_keeps_its_graph(files: ModelFiles, tmp_path: Path) -> None:
    hashes = {"det.pdmodel": "", "det.pdiparams": "", "rec.pdmodel": "", "rec.pdiparams": ""}
    paddle = ModelFiles(files.model, files.folder, {**hashes, "characters.txt": ""})
    found = prepare_recognition(paddle, "latin", "logits", tmp_path)
    assert found.head == "softmax"
    assert found.kept == (0, 1, 2, 3, 4, 6)
    assert [file.name for file in found.weights.files] == ["rec.pdmodel", "rec.pdiparams"]
    assert [file.name for file in prepare_detection(paddle, tmp_path).files] == [
        "det.pdmodel",
        "det.pdiparams",
    ]
    assert not (tmp_path / "prepared").exists()


def test_a_model_without_files_that_a_runtime_can_load(files: ModelFiles, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no det files") as caught:
        prepare_detection(ModelFiles(files.model, files.folder, {"characters.txt": ""}), tmp_path)
    assert caught.value.remedy == "rayocr models list"


@pytest.mark.parametrize("module", ["surgery", "rewriting"])
def test_its_identity_changes_with_what_is_changed(
    files: ModelFiles, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    before = identity_of(prepared.recipe_of(files, "all", "logits"))
    monkeypatch.setattr(f"actors.runtimes.{module}.VERSION", 0)
    assert identity_of(prepared.recipe_of(files, "all", "logits")) != before


@pytest.mark.models
@pytest.mark.parametrize("name", ["PP-OCRv6_small", "PP-OCRv6_tiny", "PP-OCRv4_mobile_onnx"])
def test_each_onnx_model_of_the_catalogue_can_be_changed(name: str, tmp_path: Path) -> None:
    """What a card's head says is what the model's own scores say, with all classes and with few."""
    runtime = pytest.importorskip("onnxruntime")
    files = require_model(name)
    lines = np.random.default_rng(8).uniform(-1, 1, (2, 3, 48, 160)).astype(np.float32)
    sessions = {
        (charset, head_): runtime.InferenceSession(str(one.weights.files[0]), providers=[PROVIDER])
        for charset in ("all", "digits")
        for head_ in HEADS
        if (one := prepare_recognition(files, charset, head_, tmp_path))
    }
    whole = runtime.InferenceSession(str(files.path("rec.onnx")), providers=[PROVIDER])
    (scores,) = whole.run(None, {whole.get_inputs()[0].name: lines})
    for charset in ("all", "digits"):
        kept = kept_classes(charset, prepared._classes(files)) or list(range(scores.shape[2]))
        expected = scores[..., kept] / scores[..., kept].sum(axis=2, keepdims=True)
        found = {}
        for head_ in HEADS:
            session = sessions[charset, head_]
            found[head_] = session.run(None, {session.get_inputs()[0].name: lines})
        assert np.allclose(found["softmax"][0], expected, atol=1e-4)
        for classes, best in (found["best"], found["blocks"]):
            assert classes.shape == scores.shape[:2]
            assert np.array_equal(classes, found["logits"][0].argmax(axis=2))
            assert np.array_equal(classes, found["softmax"][0].argmax(axis=2))
            assert np.allclose(best, expected.max(axis=2), atol=1e-4)
