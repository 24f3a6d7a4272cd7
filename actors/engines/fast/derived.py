"""Checks every graph in the cache that was derived from a model: made anew, it must come out the same."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from actors.engines.fast.prepared import Head, prepare_detection, prepare_recognition, recipe_of
from actors.errors import RayocrError
from actors.models.cache import ModelStore, sha256_of
from actors.models.catalogue import CATALOGUE
from actors.models.keeping import CARD, Recipe, identity_of, read_recipe
from actors.models.private import why_not_private
from actors.runtimes import blocked, float16
from actors.runtimes.canonical import hash_of_graph
from actors.runtimes.contracts import Shape, Shapes


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived graph: its folder below the cache, and what is wrong with it.

    `altered`: it is not what its recipe gives, or may be someone else's. `stale`: this release, with these
    libraries on this machine, neither uses nor makes it, so it cannot be compared.
    """

    name: str
    altered: str | None = None
    stale: str | None = None

    def __str__(self) -> str:
        state = self.altered or (f"stale: {self.stale}" if self.stale else "ok")
        return f"{self.name}: {state}"


_OTHER = "of another release, library, kind of machine or model; nothing uses it here, and it can be removed"


def check_derived(store: ModelStore) -> Iterator[Derived]:
    """Every derived graph in the cache, compared with one that is made anew from the verified models."""
    sources = {
        digest: store.root / name / file
        for name in CATALOGUE
        if store.is_here(name) and store.fault(name) is None
        for file, digest in store.ensure(name).sha256.items()
        if file.endswith(".onnx")
    }
    home = store.root / "prepared"
    for folder in _folders(home):
        if folder.name in _KINDS or folder.name == _TENSORRT:
            continue
        found, graph = _checked(store, folder, partial(_prepared, store))
        if graph is not None:
            sources[sha256_of(graph)] = graph
        yield found
    for kind, make in _KINDS.items():
        for folder in _folders(home / kind):
            yield _checked(store, folder, partial(make, sources))[0]


_Make = Callable[[Recipe, Path], tuple[str, Path] | None]
"""Makes a graph of a recipe below a scratch folder: the name that its folder should have, and its path; None
if this release would not make it."""


def _folders(home: Path) -> list[Path]:
    return sorted(path for path in home.glob("[!.]*") if not path.name.endswith(".lock"))


def _checked(store: ModelStore, folder: Path, make: _Make) -> tuple[Derived, Path | None]:
    """What is wrong with a folder, and its graph if nothing is."""
    name = str(folder.relative_to(store.root))
    recipe = read_recipe(folder)
    graphs = [path for path in folder.glob("*") if path.name != CARD] if folder.is_dir() else []
    if len(graphs) != 1 or recipe is None:
        return Derived(
            name, stale="it has no card with a recipe, so it is not used, and can be removed"
        ), None
    for path in (folder, *graphs, folder / CARD):
        if (why := why_not_private(path)) is not None:
            return Derived(name, altered=f"{path.name} {why}, so it is not used"), None
    with tempfile.TemporaryDirectory(prefix="rayocr-") as scratch:
        try:
            made = make(recipe, Path(scratch))
        except (RayocrError, ValueError, KeyError, TypeError):
            made = None  # a recipe that no release wrote
        if made is None or made[0] != folder.name:
            return Derived(name, stale=_OTHER), None
        if not _is_same(made[1], graphs[0]):
            why = f"{graphs[0].name} is not what is made from its model; remove {folder}, and it is made anew"
            return Derived(name, altered=why), None
    return Derived(name), graphs[0]


def _is_same(made: Path, graph: Path) -> bool:
    if sha256_of(made) == sha256_of(graph):
        return True
    if not made.stat().st_size or not graph.stat().st_size:
        return False  # an empty file stands for the model itself
    try:
        return hash_of_graph(made) == hash_of_graph(graph)
    except Exception:  # noqa: BLE001 - protobuf and onnx raise many types for a file that is no graph
        return False


def _prepared(store: ModelStore, recipe: Recipe, scratch: Path) -> tuple[str, Path] | None:
    model, what = recipe["model"], recipe["what"].split(" ")
    if store.fault(model) is not None:
        return None
    files = store.ensure(model)
    wanted = recipe_of(files, *what)
    if dict(recipe) != wanted:
        return None
    if what == ["det"]:
        weights = prepare_detection(files, scratch)
    else:
        charset, head = what
        weights = prepare_recognition(files, charset, cast(Head, head), scratch).weights
    return f"{model}-{identity_of(wanted)}", weights.files[0]


def _float16(sources: dict[str, Path], recipe: Recipe, scratch: Path) -> tuple[str, Path] | None:
    source = sources.get(recipe["sha256 of the source"])
    if source is None or float16.recipe_of(source) != dict(recipe):
        return None
    target = scratch / source.name
    float16.convert(source, target)
    return identity_of(recipe), target


def _blocked(sources: dict[str, Path], recipe: Recipe, scratch: Path) -> tuple[str, Path] | None:
    source = sources.get(recipe["sha256 of the source"])
    least, usual, most = (cast(Shape, tuple(map(int, shape))) for shape in json.loads(recipe["shapes"]))
    shapes = Shapes(least, usual, most)
    if source is None or blocked.recipe_of(source, shapes) != dict(recipe):
        return None
    target = scratch / source.name
    blocked.make(source, target, shapes)
    return identity_of(recipe), target


_KINDS = {"float16": _float16, "blocked": _blocked}
"""Folders of graphs that a runtime derives."""

_TENSORRT = "tensorrt"
"""TensorRT's own cache: engines that are not made the same twice (docs/models.md)."""
