"""Documents that were read once, and whose listed version cannot be read: the rows of the older one stay.

A failed read (`read.*`) tells nothing of a document's content, so it replaces no row of a version that was
read, and stands beside none: its rows leave the table, and `_unread.json` in the output keeps which version
that was, and why. Such a document is neither complete nor missing: it is counted as unread. Each run looks
whether it can be read by now, without an engine; then its new version takes the place of the older one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from actors.attached import container_of
from actors.contracts import DocRef
from actors.errors import ERROR_CODES, PageError
from actors.read import read_document
from pipelines.ledger_rows import version_hash
from pipelines.stored_json import FormError, parsed
from pipelines.supersede import files_of_pages, without_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.config import Config
    from pipelines.ledger import Ledger
    from pipelines.store import Store

RECORD = "_unread.json"
"""Where an output keeps which versions could not be read; readers of the folder pass over `_` names."""

_READERS = 4


@dataclass(frozen=True, slots=True)
class Unread:
    """A version of a document that could not be read. `code`: why, one of the `read.*` codes."""

    document_id: str
    key: str
    version: str
    code: str


_RECORD = TypeAdapter(tuple[Unread, ...])

Record = Mapping[str, Unread]
"""By document_id."""


def read_record(store: Store) -> dict[str, Unread]:
    """What the output keeps. A record that is none says nothing: what it held is tried again."""
    try:
        entries = parsed(store.read(RECORD), _RECORD)
    except (FileNotFoundError, FormError):
        return {}
    return {one.document_id: one for one in entries if one.code in ERROR_CODES}


def is_recorded(record: Record, ref: DocRef) -> bool:
    """Whether this version of the document is one that could not be read."""
    one = record.get(ref.document_id)
    return one is not None and one.version == ref.version


def still_unread(todo: Sequence[DocRef], record: Record, config: Config) -> set[str]:
    """Ids of those of the recorded documents that cannot be read now, either. Documents for which
    `decode.read_timeout_s` has no time left, in all, are not tried: they are counted as before."""
    known = [ref for ref in todo if is_recorded(record, ref)]
    deadline = time.monotonic() + config.decode.read_timeout_s
    with ThreadPoolExecutor(_READERS) as pool:
        answers = list(pool.map(lambda ref: _is_readable(ref, config, deadline), known))
    return {ref.document_id for ref, readable in zip(known, answers, strict=True) if not readable}


def settle_unread(
    store: Store,
    run_id: str,
    ledger: Ledger,
    refs: Sequence[DocRef],
    record: Record,
    still_held: Callable[[], bool],
) -> tuple[dict[str, Unread], bool]:
    """Keep one version of each document that cannot be read: take out the others, and write the record first,
    so that whoever is cut off in between has left a table that the next run settles in the same way.

    Returns the record, and whether rows were taken out. The caller holds the lock. Raises IncompleteError if
    that is lost.
    """
    found = list(ledger.unread(refs, [ref.document_id for ref in refs if is_recorded(record, ref)]))
    codes = {
        ref.document_id: code for ref, _, code in ledger.failures(one.ref for one in found) if _is_read(code)
    }
    listed = {ref.document_id for ref in refs}
    new = {name: one for name, one in record.items() if name not in listed}  # another source's
    for one in found:
        ref, old = one.ref, record.get(one.ref.document_id)
        code = codes.get(ref.document_id) or (old.code if old is not None else "read.missing")
        new[ref.document_id] = Unread(ref.document_id, ref.key, ref.version, code)
    if new != record and still_held():
        store.put(RECORD, _content(new.values()))
    keep = {one.ref.document_id: one.keep for one in found if one.versions > 1}
    if not keep:
        return new, False

    def kept(_path: str, rows: pa.Table) -> list[bool]:
        return _kept(rows, keep)

    columns = ("document_id", "version")
    return new, without_rows(store, run_id, files_of_pages(store), columns, kept, still_held) > 0


def _kept(rows: pa.Table, keep: Mapping[str, int]) -> list[bool]:
    pairs = zip(rows.column("document_id").to_pylist(), rows.column("version").to_pylist(), strict=True)
    return [document not in keep or version_hash(version) == keep[document] for document, version in pairs]


def _is_readable(ref: DocRef, config: Config, deadline: float) -> bool:
    if time.monotonic() > deadline:
        return False
    try:
        read_document(container_of(ref)[0], config.decode, config.source.access())
    except PageError:
        return False
    return True


def _is_read(code: str) -> bool:
    return code.startswith("read.")


def _content(entries: Iterable[Unread]) -> bytes:
    ordered = sorted(entries, key=lambda one: one.key)
    return (json.dumps([asdict(one) for one in ordered], indent=2) + "\n").encode()
