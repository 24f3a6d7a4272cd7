"""Sources: what `source.path` names, as a stream of documents. A new kind is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from actors.contracts import DocRef, document_id
from actors.errors import ConfigError
from actors.signatures import revealed
from actors.uris import escape_name
from pipelines.sources.config import SourceConfig
from pipelines.sources.filter import NameFilter
from pipelines.sources.glob import glob
from pipelines.sources.kinds import kind_of
from pipelines.sources.manifest import manifest
from pipelines.sources.tree import folder, one_file

_LISTERS: dict[str, Callable[[SourceConfig, NameFilter], Iterator[DocRef]]] = {
    "file": lambda source, _: one_file(source),
    "folder": folder,
    "glob": glob,
    "manifest": lambda source, _: manifest(source),
}
"""Kind of a source to the function that lists it."""


def list_documents(
    source: SourceConfig, exclude: Sequence[str] = (), say: Callable[[str], None] = lambda _: None
) -> Iterator[DocRef]:
    """Stream the documents of a source; no document is opened. `exclude`: addresses of folders to leave out.
    `say` is told at the end, in a line, what was left out by name.

    Raises ConfigError if nothing is there, if a folder cannot be listed, or if the source is inside an
    excluded folder.
    """
    names = NameFilter(source, exclude)
    try:
        kind = kind_of(source)
    except ConfigError:
        names.refuse_inside_excluded(source)  # the better reason, if it is one
        raise
    if kind in ("folder", "glob"):
        names.refuse_inside_excluded(source)
    found = _LISTERS[kind](source, names)
    first = next(found, None)
    if first is None:
        raise ConfigError(
            f"There is nothing to recognise in {escape_name(source.path)}.",
            names.describe(),
            "Check source.path, source.ignore and source.include.",
        )
    for ref in islice(chain([first], found), source.limit):
        yield ref if source.name is None else _prefixed(ref, source.name)
    if left_out := names.left_out():
        say(left_out)


def _prefixed(ref: DocRef, name: str) -> DocRef:
    key = f"{name}/{ref.key}"
    return replace(ref, key=key, document_id=document_id(revealed(key, ref.address)))
