"""Derived graphs: an altered one is found even if its card agrees; what others may write is not used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.engines.fast.derived import check_derived
from actors.engines.fast.prepared import prepare_recognition
from actors.models.cache import ModelFiles, ModelStore, sha256_of
from actors.models.keeping import CARD
from actors.runtimes.canonical import hash_of_graph
from actors.settings import ModelsConfig
from tests.actors.fast.test_prepared import files  # noqa: F401 - a fixture


@pytest.fixture
def graph(files: ModelFiles) -> Path:  # noqa: F811
    return prepare_recognition(files, "all", "logits", files.folder.parent).weights.files[0]


def states(graph: Path) -> list[str]:
    root = graph.parent.parent.parent
    return [str(one) for one in check_derived(ModelStore(ModelsConfig(cache=str(root), offline=True)))]


def alter(graph: Path) -> None:
    """Other weights, and a card that agrees with them."""
    import numpy as np
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(graph))
    weights = max(model.graph.initializer, key=lambda one: len(one.raw_data))
    rolled = np.roll(numpy_helper.to_array(weights), 1, axis=-1) + 1
    weights.CopyFrom(numpy_helper.from_array(rolled, weights.name))
    onnx.save(model, str(graph))
    card = graph.with_name(CARD)
    card.write_text(json.dumps(json.loads(card.read_text()) | {"sha256": sha256_of(graph)}))


def test_other_weights_with_a_card_that_agrees_are_found(graph: Path) -> None:
    assert states(graph) == [f"prepared/{graph.parent.name}: ok"]
    alter(graph)
    (found,) = states(graph)
    assert "rec.onnx is not what is made from its model" in found


def test_a_recipe_of_another_release_is_stale(graph: Path) -> None:
    card = graph.with_name(CARD)
    told = json.loads(card.read_text())
    for recipe in (
        {**told["recipe"], "code": "0.0"},
        {**told["recipe"], "what": "x"},
        {"model": "none"},
        [],
        None,
    ):
        card.write_text(json.dumps(told | {"recipe": recipe}))
        (found,) = states(graph)
        assert "stale" in found


def test_folders_and_files_are_for_this_user_alone(graph: Path) -> None:
    assert [path.stat().st_mode & 0o777 for path in (graph.parent.parent, graph.parent, graph)] == [
        0o700,
        0o700,
        0o600,
    ]


@pytest.mark.parametrize("above", [1, 2])
def test_what_others_may_write_is_not_used(
    graph: Path,
    files: ModelFiles,  # noqa: F811
    above: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    open_to_others = graph.parents[above]
    open_to_others.chmod(0o775)
    alter(graph)
    for _ in range(2):
        other = prepare_recognition(files, "all", "logits", files.folder.parent).weights.files[0]
        assert other != graph and sha256_of(other) != sha256_of(graph)
    assert caplog.text.count(f"{open_to_others} can be written by others") == 1


@pytest.mark.parametrize("what", ["graph", "folder", "home"])
def test_a_link_is_not_followed(graph: Path, files: ModelFiles, tmp_path: Path, what: str) -> None:  # noqa: F811
    place = {"graph": graph, "folder": graph.parent, "home": graph.parent.parent}[what]
    target = tmp_path / "elsewhere"
    place.rename(target)
    place.symlink_to(target)
    before = sha256_of(target) if target.is_file() else sorted(target.rglob("*"))
    other = prepare_recognition(files, "all", "logits", files.folder.parent).weights.files[0]
    assert other.resolve() == other and target not in other.parents
    assert before == (sha256_of(target) if target.is_file() else sorted(target.rglob("*")))


def test_names_of_a_graph_do_not_count_and_everything_else_does(graph: Path, tmp_path: Path) -> None:
    import onnx

    before = hash_of_graph(graph)

    def changed(change: Callable[[Any], object]) -> str:
        model = onnx.load(str(graph))
        change(model.graph)
        onnx.save(model, str(tmp_path / "other.onnx"))
        return hash_of_graph(tmp_path / "other.onnx")

    def rename(one: Any) -> None:
        inner = {name for node in one.node for name in node.output} - {output.name for output in one.output}
        for number, node in enumerate(one.node):
            node.name = f"other_{number}"
            for names in (node.input, node.output):
                names[:] = [f"other_{name}" if name in inner else name for name in names]

    assert changed(rename) == before
    assert changed(lambda one: one.node.pop()) != before
    assert changed(lambda one: one.initializer.pop()) != before
    assert changed(lambda one: setattr(one.node[0], "op_type", "Other")) != before
    assert changed(lambda one: setattr(one.output[0], "name", "other")) != before


def test_a_file_that_is_no_graph_is_altered(graph: Path) -> None:
    graph.write_bytes(b"no graph")
    card = graph.with_name(CARD)
    card.write_text(json.dumps(json.loads(card.read_text()) | {"sha256": sha256_of(graph)}))
    assert "is not what is made" in states(graph)[0]
