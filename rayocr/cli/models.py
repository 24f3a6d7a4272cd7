"""`rayocr models`: list, fetch, verify and quantize model weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from rayocr.cli import terminal
from rayocr.cli.quantize import command as quantize

if TYPE_CHECKING:
    from actors.engines.fast.derived import Derived
    from actors.models.cache import ModelStore
    from actors.models.catalogue import Model

EXIT_ALTERED = 2

_cache = click.option(
    "--cache",
    envvar="RAYOCR_MODELS__CACHE",
    metavar="FOLDER",
    help="Folder of the weights (models.cache); default $RAYOCR_MODELS or ~/.cache/rayocr/models.",
)


@click.group(short_help="List, fetch, verify and quantize model weights.")
def group() -> None:
    """Model weights: what there is, what is in the cache, and whether it is unaltered."""


group.add_command(quantize, "quantize")


@group.command(name="list", short_help="Show the catalogue and what of it is in the cache.")
@_cache
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def list_(cache: str | None, as_json: bool) -> int:
    """Show every model that can be named as `engine.model`, and its state in the cache."""
    from actors.models.catalogue import CATALOGUE

    store = _store(cache)
    models = list(CATALOGUE.values())
    if as_json:
        terminal.json([_row(model, store) for model in models])
    else:
        _print_table([_row(model, store) for model in models])
        terminal.line(f"cache: {store.root}", err=True)
    return 0


@group.command(short_help="Fetch weights into the cache.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_cache
@click.option(
    "--source",
    envvar="RAYOCR_MODELS__SOURCE",
    metavar="PATH|URL",
    help="Folder or URL that holds the weights (models.source); default: where the catalogue says.",
)
@click.option(
    "--trust-hub",
    is_flag=True,
    help="Take a model whose checksums are not known from its hub as it comes; its hashes are recorded, and "
    "verified ever after.",
)
def fetch(names: tuple[str, ...], cache: str | None, source: str | None, trust_hub: bool) -> int:
    """Fetch models (those that a run needs by default if none is named), verify them, and print where each
    one is."""
    from actors.engines import needed_models
    from actors.models.catalogue import find_model
    from actors.settings import EngineConfig

    wanted = [find_model(name).name for name in names or needed_models(EngineConfig())]
    store = _store(cache, source)
    for name in wanted:
        files = store.fetch(name, _say, trust_hub=trust_hub)
        terminal.line(str(files.folder))
    return 0


@group.command(short_help="Check weights in the cache against their SHA-256.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_cache
def verify(names: tuple[str, ...], cache: str | None) -> int:
    """Check the models that are named, or all that are in the cache. Exits 2 if a file is not what it
    should be, and says which. With no name, graphs that were derived from models are made anew and compared,
    too; one that no run here would use is stale, which is no fault."""
    from actors.models.catalogue import CATALOGUE, find_model

    store = _store(cache)
    chosen = [find_model(name).name for name in names] or [name for name in CATALOGUE if store.is_here(name)]
    if not chosen:
        _say(f"no model is in {store.root}")
    faults = {name: store.fault(name) for name in chosen}
    for name, fault in faults.items():
        terminal.line(f"{name}: {fault or 'ok'}")
    altered = any(faults.values())
    for derived in () if names else _derived(store):
        terminal.line(str(derived))
        altered |= derived.altered is not None
    return EXIT_ALTERED if altered else 0


def _derived(store: ModelStore) -> Iterable[Derived]:
    from importlib.util import find_spec

    if not find_spec("onnx"):
        _say("graphs derived from models are not compared: that needs the package onnx")
        return ()
    from actors.engines.fast.derived import check_derived

    return check_derived(store)


def _store(cache: str | None, source: str | None = None) -> ModelStore:
    from actors.models.cache import ModelStore
    from actors.settings import ModelsConfig

    return ModelStore(ModelsConfig(cache=cache, source=source))


def _say(text: str) -> None:
    terminal.note(text)


def _row(model: Model, store: ModelStore) -> dict[str, Any]:
    from actors.models.catalogue import DEFAULT_MODEL

    return {
        "name": model.name,
        "default": model.name == DEFAULT_MODEL,
        "format": model.format,
        "bytes": model.bytes or None,
        "licence": model.licence,
        "source": str(model.source),
        "state": _state(model.name, store),
        "note": model.note,
    }


def _state(name: str, store: ModelStore) -> str:
    if not store.is_here(name):
        return "not fetched"
    return store.fault(name) or "verified"


_COLUMNS: dict[str, Callable[[dict[str, Any]], str]] = {
    "model": lambda row: f"{row['name']} (default)" if row["default"] else row["name"],
    "format": lambda row: row["format"],
    "size": lambda row: f"{row['bytes'] / 1e6:.1f} MB" if row["bytes"] else "?",
    "licence": lambda row: row["licence"],
    "source": lambda row: row["source"],
    "state": lambda row: row["state"],
    "note": lambda row: row["note"],
}
"""Header of each column of the table, and its text."""

_NARROW = ("model", "size", "state", "note")
_WIDE_FROM = 120
"""Columns of the table on a terminal narrower than so many characters: all would be one word a line."""

_NO_TERMINAL = 160
"""Columns of the table where there is no terminal."""


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table

    chosen = list(_COLUMNS) if terminal.console(width=_NO_TERMINAL).width >= _WIDE_FROM else _NARROW
    table = Table(box=box.SIMPLE_HEAD)
    for header in chosen:
        table.add_column(
            header, no_wrap=header in ("model", "size"), justify="right" if header == "size" else "left"
        )
    for row in rows:
        table.add_row(*(terminal.cell(_COLUMNS[header](row)) for header in chosen))
    terminal.table(table, width=_NO_TERMINAL)
    if chosen is _NARROW:
        _say("formats, licences and sources: in a wider terminal, or with --json")
