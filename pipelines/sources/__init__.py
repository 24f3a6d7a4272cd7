"""Sources: what `source.path` names, as a stream of documents. A new kind is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from actors.contracts import DocRef, document_id
from actors.errors import ConfigError
from pipelines.sources.config import SourceConfig
from pipelines.sources.filter import NameFilter
from pipelines.sources.kinds import kind_of


def list_documents(source: SourceConfig, exclude: Sequence[str] = ()) -> Iterator[DocRef]:
    """Stream the documents of a source; nothing is opened. `exclude`: addresses of folders to leave out.

    Raises ConfigError if nothing is there, if a folder cannot be listed, or if the source is inside an
    excluded folder.
    """
    names = NameFilter(source, exclude)
    found = _LISTERS[kind_of(source)](source, names)
    first = next(found, None)
    if first is None:
        ignored = f"{names.ignored:,} files are ignored by source.ignore" if names.ignored else "No file is there"
        raise ConfigError(
            f"There is nothing to recognise in {source.path}.",
            f"{ignored}.",
            "Check source.path, source.ignore and source.include.",
        )
    for ref in islice(chain([first], found), source.limit):
        yield ref if source.name is None else _prefixed(ref, source.name)


def _prefixed(ref: DocRef, name: str) -> DocRef:
    key = f"{name}/{ref.key}"
    return replace(ref, key=key, document_id=document_id(key))


def _file(source: SourceConfig, names: NameFilter) -> Iterator[DocRef]:
    from pipelines.sources.tree import one_file

    return one_file(source)


def _folder(source: SourceConfig, names: NameFilter) -> Iterator[DocRef]:
    from pipelines.sources.tree import folder

    return folder(source, names)


def _glob(source: SourceConfig, names: NameFilter) -> Iterator[DocRef]:
    from pipelines.sources.glob import glob

    return glob(source, names)


def _manifest(source: SourceConfig, names: NameFilter) -> Iterator[DocRef]:
    from pipelines.sources.manifest import manifest

    return manifest(source)


_LISTERS: dict[str, Callable[[SourceConfig, NameFilter], Iterator[DocRef]]] = {
    "file": _file,
    "folder": _folder,
    "glob": _glob,
    "manifest": _manifest,
}
"""Kind of a source to the function that lists it."""
