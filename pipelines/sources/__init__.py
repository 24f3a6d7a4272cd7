"""Sources: what `source.path` names, as a stream of documents. A new kind is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice

from actors.contracts import DocRef, document_id
from actors.errors import ConfigError
from actors.signatures import revealed
from actors.uris import escape_name, parse_uri
from pipelines.sources.answering import answering
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


SILENCE_S = 120.0
"""Seconds after which a disk that gives nothing is taken for a dead one; decode.read_timeout_s in a run."""


def list_documents(
    source: SourceConfig,
    exclude: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
    silence_s: float = SILENCE_S,
) -> Iterator[DocRef]:
    """Stream the documents of a source; no document is opened. `exclude`: addresses of folders to leave out.
    `say` is told at the end, in a line, what was left out by name.

    Raises ConfigError if nothing is there, if a folder cannot be listed, if the source is inside an
    excluded folder, or if its disk gives nothing for `silence_s` seconds. Stores have limits of their own.
    """
    listed = partial(_listed, source, exclude, say)
    local = parse_uri(source.path).is_local
    yield from answering(listed, source.path, silence_s) if local else listed()


def _listed(source: SourceConfig, exclude: Sequence[str], say: Callable[[str], None]) -> Iterator[DocRef]:
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
