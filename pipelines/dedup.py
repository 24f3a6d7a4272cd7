"""Equal content once (`output.dedup`): a document with the content of another gets its rows, not an engine.
So does, in any run, one that was renamed or only touched.

Who may be equal is known from the listing: documents of one size in bytes. The driver reads those, and tells
them apart by the SHA-256 of their content. The first of them is recognised, unless the output holds that
content already; the others wait, and get copies of its rows if none of its pages failed. Otherwise they are
recognised themselves, as are pages of which there is no row to copy. A copy is published like any other row,
for pages that lack: so each page is there once, whatever is cut off, and nothing need be written down.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.contracts import DocRef
from actors.errors import PageError
from actors.rows import Stamp
from actors.schema import SCHEMA_VERSION
from pipelines.ledger import Ledger
from pipelines.parquet import GROUP_BYTES, GROUP_ROWS, in_groups, read_rows_of
from pipelines.rows_file import opened, opened_whole, valid_rows, version_of
from pipelines.supersede import files_of_pages

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.config import Config
    from pipelines.store import Store

Key = tuple[str, str]
"""(document_id, version)."""

_READERS = 4
_COLUMNS = ("document_id", "version", "content_sha256", "size_bytes", "duplicate_of", "key")
_NO_TIMINGS = {"read_ms": 0.0, "decode_ms": 0.0, "ocr_ms": 0.0}


@dataclass(frozen=True, slots=True)
class Twin:
    """A document that waits for the rows of another one, in its version, with the same content. `inherits`:
    those leave the table, so that it is no duplicate of them."""

    ref: DocRef
    canonical: DocRef
    sha256: str
    inherits: bool = False


def find_twins(todo: Sequence[DocRef], ledger: Ledger, store: Store, config: Config) -> list[Twin]:
    """Which of these documents have the content of an earlier one of them, or of one that the output holds
    without a failed page. Documents of unknown size, or that cannot be read, are nobody's twins."""
    sizes = Counter(ref.size_bytes for ref in todo if ref.size_bytes)
    canonical = _held(store, ledger, sizes)
    held = {ref.size_bytes for ref in canonical.values()}
    suspects = [
        ref for ref in todo if ref.size_bytes and (ref.size_bytes in held or sizes[ref.size_bytes] > 1)
    ]
    twins: dict[str, Twin] = {}
    for ref, sha256 in _with_content(suspects, config):
        first = canonical.setdefault(sha256, ref)
        if _key(first) != _key(ref):
            twins[ref.document_id] = Twin(ref, first, sha256)
    return list(twins.values())


def find_known(
    todo: Sequence[DocRef], gone: Collection[str], ledger: Ledger, store: Store, config: Config
) -> list[Twin]:
    """Which of these documents are known by their content: of one of the output that is `gone` from the
    source (renamed), or in another version (touched, copied to another place). Only documents of the same
    size as one of those are read; otherwise as `find_twins`."""
    changed = {ref.document_id for ref in ledger.changed(todo)}
    sizes = {ref.size_bytes for ref in todo if ref.size_bytes} if gone or changed else set()
    canonical = _held(store, ledger, sizes, {*gone, *changed})
    held = {ref.size_bytes for ref in canonical.values()}
    suspects = [ref for ref in todo if ref.size_bytes in held]
    return [
        Twin(ref, canonical[sha256], sha256)
        for ref, sha256 in _with_content(suspects, config)
        if sha256 in canonical and _key(canonical[sha256]) != _key(ref)
    ]


def _with_content(suspects: Sequence[DocRef], config: Config) -> Iterator[tuple[DocRef, str]]:
    """These documents, each with its content's SHA-256, without those that cannot be read."""
    with ThreadPoolExecutor(_READERS) as pool:
        for ref, sha256 in zip(
            suspects, pool.map(lambda one: content_sha256(one, config), suspects), strict=True
        ):
            if sha256 is not None:
                yield ref, sha256


def copies(twins: Iterable[Twin], ledger: Ledger, store: Store, stamp: Stamp) -> Iterator[pa.Table]:
    """What lacks of the twins whose canonical document is all there without a failed page, as copies of its
    rows, some thousands at once. Rows that a retry made with other settings than `stamp` are not copied."""
    waiting: dict[Key, list[Twin]] = defaultdict(list)
    for twin in twins:
        waiting[_key(twin.canonical)].append(twin)
    good = _without_failures(ledger, [some[0].canonical for some in waiting.values()])
    return in_groups(_copies(store, {key: some for key, some in waiting.items() if key in good}, stamp))


def _held(
    store: Store, ledger: Ledger, sizes: Collection[int | None], only: Collection[str] | None = None
) -> dict[str, DocRef]:
    """Whole documents of these sizes in the output, by content, or those of `only`; of several with one
    content the one that was recognised, rather than a copy."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(list(sizes), pa.int64())
    found: dict[Key, tuple[bool, str, DocRef]] = {}
    for _, whole_table in _files(store) if sizes else ():
        table = whole_table.filter(pc.is_in(whole_table.column("size_bytes"), value_set=wanted))
        for document, version, sha256, size, original, key in _cells(table, _COLUMNS):
            if sha256 is not None and (only is None or document in only):
                one = DocRef(document, key or "", "", version, size)
                found[document, version] = (original is None, sha256, one)
    good = _without_failures(ledger, [ref for *_, ref in found.values()])
    whole = sorted((one for key, one in found.items() if key in good), key=lambda one: one[0])
    return {sha256: ref for _, sha256, ref in whole}  # the last one counts


def _without_failures(ledger: Ledger, refs: Sequence[DocRef]) -> set[Key]:
    """Those of the documents that are all there, each page once and none failed."""
    whole = ledger.complete(refs) & ~ledger.doubled(refs)
    failed = {_key(ref) for ref, *_ in ledger.failures(refs)}
    return {_key(ref) for ref, one in zip(refs, whole.tolist(), strict=True) if one} - failed


def content_sha256(ref: DocRef, config: Config) -> str | None:
    """SHA-256 of a document's content, None if it cannot be read."""
    from actors.read import read_document

    try:
        content = read_document(ref, config.decode, config.source.access())
    except PageError:
        return None  # its row will say why
    return hashlib.sha256(content).hexdigest()


def _copies(store: Store, waiting: Mapping[Key, Sequence[Twin]], stamp: Stamp) -> Iterator[pa.Table]:
    """The rows of the twins, file by file of their canonical documents' rows; of one with many twins, as
    many at once as fill a group."""
    import pyarrow as pa
    import pyarrow.compute as pc

    documents = pa.array(sorted({document for document, _ in waiting}), pa.string())
    for path, keys in _files(store) if waiting else ():
        mine = pc.is_in(keys.column("document_id"), value_set=documents)
        if not pc.any(mine).as_py():
            continue
        with opened_whole(store, path) as file:  # a copy makes damage permanent
            rows = valid_rows(file).filter(mine)
        picks = list(_picks(rows, waiting, stamp.fingerprint))
        step = max(1, min(GROUP_ROWS, GROUP_BYTES * rows.num_rows // rows.nbytes))
        for start in range(0, len(picks), step):
            numbers, twins = zip(*picks[start : start + step], strict=True)
            yield _renamed(rows.take(list(numbers)), twins, stamp.run_id)


def _picks(
    rows: pa.Table, waiting: Mapping[Key, Sequence[Twin]], fingerprint: str
) -> Iterator[tuple[int, Twin]]:
    """Which rows go to which twins: of the same content, and for pages that lack."""
    columns = ["document_id", "version", "page_index", "content_sha256", "fingerprint"]
    for number, (document, version, page, sha256, made_with) in enumerate(_cells(rows, columns)):
        for twin in waiting.get((document, version), ()):
            if (sha256, made_with) == (twin.sha256, fingerprint) and page not in twin.ref.done_pages:
                yield number, twin


def _renamed(rows: pa.Table, twins: Sequence[Twin], run_id: str) -> pa.Table:
    """The rows as those of the twins, one each; `duplicate_of` names the document that was recognised."""
    import pyarrow as pa

    refs = [twin.ref for twin in twins]
    originals = [
        one or (None if twin.inherits else twin.canonical.document_id)
        for one, twin in zip(rows.column("duplicate_of").to_pylist(), twins, strict=True)
    ]
    values: dict[str, list[Any]] = {
        "document_id": [ref.document_id for ref in refs],
        "uri": [ref.uri for ref in refs],
        "key": [ref.key for ref in refs],
        "version": [ref.version for ref in refs],
        "meta": [[{"key": name, "value": value} for name, value in ref.meta.items()] for ref in refs],
        "duplicate_of": [
            None if one == ref.document_id else one for one, ref in zip(originals, refs, strict=True)
        ],
        "run_id": [run_id] * len(refs),
        "attempts": [0] * len(refs),
        "timings": [_NO_TIMINGS] * len(refs),
    }
    for name, column in values.items():
        field = rows.schema.field(name)
        rows = rows.set_column(rows.schema.get_field_index(name), field, pa.array(column, field.type))
    return rows.replace_schema_metadata(None)


def _files(store: Store) -> Iterator[tuple[str, pa.Table]]:
    """The files of `pages/` that have the columns of today, one by one: path, and the columns that tell
    documents and contents apart."""
    for path in files_of_pages(store):
        with opened(store, path) as file:
            if version_of(file.schema_arrow.metadata or {}, store.location(path)) == SCHEMA_VERSION:
                yield path, read_rows_of(file, _COLUMNS)


def _cells(table: pa.Table, columns: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    return zip(*(table.column(name).to_pylist() for name in columns), strict=True)


def _key(ref: DocRef) -> Key:
    return ref.document_id, ref.version
