"""The proof: source and output are counted against each other, page by page; a run ends with it, and
`rayocr verify` is nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from actors.attached import is_within
from actors.contracts import DocRef
from actors.notices import NOTICE_CODES
from pipelines.foreign import foreign_names
from pipelines.held import held_documents
from pipelines.ledger import PAGES, Ledger
from pipelines.names import Names, page_name
from pipelines.own_names import is_journal
from pipelines.parquet import read_rows_of
from pipelines.rows_file import check_deep, opened
from pipelines.summary import EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_TOO_MANY_FAILED, notices_query
from pipelines.supersede import files_of_pages
from pipelines.unread import is_recorded, read_record

if TYPE_CHECKING:
    from pipelines.config import Config
    from pipelines.store import Store
    from pipelines.unread import Unread

_READERS = 4
"""Files that are read as a whole at the same time; each is in memory then."""

NAMES = 20
"""How many names of each kind a report holds, unless told."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """What the output holds of the listed documents, in the versions that were listed.

    `missing`: keys of documents that lack pages. `changed`: those of them that are there in one older
    version. `doubled`: keys of documents that a reader of the table finds twice: a page has more than one
    row, there are rows of several versions, or the listing itself names the document twice. `notices`: pages
    by notice; `noticed`: pages that may lack something. `unread`: keys of documents that changed and could
    not be read: rows of an older version stay, which count nowhere else.
    """

    pages: int
    ok: int
    empty: int
    failed: int
    missing: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    error_codes: Mapping[str, int] = field(default_factory=dict)
    notices: Mapping[str, int] = field(default_factory=dict)
    noticed: int = 0
    unread: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every page of every listed document that could be read is there exactly once."""
        return not self.missing and not self.doubled


@dataclass(frozen=True, slots=True)
class Report:
    """Source against output. `distrusted`: files of `pages/` that are torn or foreign, whose rows do not
    count; `other`: what is in its folders and not rayocr's; `orphaned`: documents that have rows and left
    the source; `unfinished`: replacements that were cut off; `at_work`: who holds the lock, if somebody does:
    then counts may change while they are made. `notices`: pages by the code of what is to be known of them.
    `unread`: documents that changed and could not be read, with the reason. `deep`: whether every byte of
    every file was read; then `unsealed` are files without a seal, of older releases, of which less can be
    known."""

    output: str
    documents: int
    proof: Completeness
    missing: Names
    changed: Names
    doubled: Names
    failed: Names
    distrusted: Names
    other: Names
    orphaned: Names
    notices: Mapping[str, Names] = field(default_factory=dict)
    unfinished: int = 0
    at_work: str | None = None
    unread: Names = field(default_factory=Names)
    deep: bool = False
    unsealed: Names = field(default_factory=Names)

    @property
    def agrees(self) -> bool:
        """Whether every page of the source is there exactly once, and every file can be trusted."""
        return self.proof.complete and not self.distrusted.count

    @property
    def exit_code(self) -> int:
        """0, 3 or 4."""
        if not self.agrees:
            return EXIT_INCOMPLETE
        return EXIT_TOO_MANY_FAILED if self.unread.count else EXIT_COMPLETE

    def rows(self) -> list[tuple[str, str, str]]:
        """Kind, count and what to know of it, for each line of the table."""
        proof = self.proof
        kinds = (
            ("missing", self.missing, "documents that lack pages"),
            ("changed", self.changed, "documents whose older version is here"),
            ("doubled", self.doubled, "documents that a reader finds twice"),
            ("unread", self.unread, "documents that changed and cannot be read; older rows stay"),
            ("failed", self.failed, "pages"),
            ("not trusted", self.distrusted, "files that are torn or foreign; their rows do not count"),
            (
                "other files",
                self.other,
                "not rayocr's, and left alone; some readers of pages/ stop at them",
            ),
            ("orphaned", self.orphaned, "documents that are here and no longer in the source"),
        )
        counted = f"{proof.ok:,} ok, {proof.empty:,} empty, {proof.failed:,} failed"
        return [
            ("documents", f"{self.documents:,}", "in the source"),
            ("pages", f"{proof.pages:,}", counted),
            *((kind, f"{names.count:,}", names.listed(what)) for kind, names, what in kinds),
            *(
                (code, f"{names.count:,}", names.listed(NOTICE_CODES[code].meaning))
                for code, names in self.notices.items()
            ),
        ]

    @property
    def outcome(self) -> str:
        """The report in a sentence, with what to do."""
        if self.distrusted.count:
            return "not trusted: move the named files out of pages/, then run again"
        if self.agrees and self.unread.count:
            return (
                f"complete, but {self.unread.count:,} documents changed and could not be read: restore them,"
                " or take them out of the source"
            )
        if self.agrees:
            return "complete: every page is there exactly once"
        return "incomplete: rayocr run with the same source and output does what is missing"

    @property
    def notes(self) -> list[str]:
        """What else is to be known, in sentences."""
        notes = [f"{self.at_work} is at work here: the counts may change."] if self.at_work else []
        if self.unfinished:
            notes.append("A replacement of files was cut off: the next run or rayocr compact finishes it.")
        if self.deep and not self.distrusted.count:
            notes.append("Every byte of every file in pages/ was read, and is what was written.")
        if self.unsealed.count:
            notes.append(
                f"{self.unsealed.count:,} of these files are of an older release and have no checksums: they"
                " can be read as a whole, which is all that is known of them. rayocr compact writes small"
                " ones again, with checksums."
            )
        if self.notices:
            notes.append(f"Pages with notices: {notices_query(self.output)}")
        return notes


def check_complete(
    ledger: Ledger, refs: Sequence[DocRef], unread: Mapping[str, Unread] | None = None
) -> Completeness:
    """Count the ledger against the listing. `unread`: versions that could not be read."""
    totals = ledger.totals_of(refs)
    stale = [ref for ref, one in zip(refs, ledger.stale(refs).tolist(), strict=True) if one]
    told = {ref.key for ref in stale if is_recorded(unread or {}, ref)}
    changed = {ref.key for ref in stale}
    twice = {ref.key for ref, one in zip(refs, ledger.doubled(refs).tolist(), strict=True) if one}
    twice |= {ref.key for ref in ledger.changed(refs)} - changed
    twice |= _listed_twice(refs)
    there = ledger.complete(refs).tolist()
    return Completeness(
        pages=totals.rows,
        ok=totals.ok,
        empty=totals.empty,
        failed=totals.failed,
        missing=tuple(
            ref.key for ref, one in zip(refs, there, strict=True) if not one and ref.key not in told
        ),
        doubled=tuple(sorted(twice)),
        changed=tuple(sorted(changed - told)),
        error_codes=totals.error_codes,
        notices=totals.notices,
        noticed=totals.noticed,
        unread=tuple(sorted(told)),
    )


def check_output(
    store: Store,
    ledger: Ledger,
    refs: Sequence[DocRef],
    distrusted: Sequence[str] = (),
    *,
    unread: Mapping[str, Unread] | None = None,
    whole_source: bool = True,
    most: int = NAMES,
) -> Report:
    """Count source against output, and name what is wrong. `whole_source`: whether `refs` are all there is
    in the source; only then a document that is not among them has left it. `most`: names of each kind.
    `unread`: versions that could not be read."""
    proof = check_complete(ledger, refs, unread)
    older = set(proof.changed)
    orphans = ledger.orphaned(refs) if whole_source else set()
    if orphans and proof.unread:
        orphans -= _attached_to(store, orphans, frozenset(proof.unread))
    unread = unread or {}
    reasons = {ref.key: unread[ref.document_id].code for ref in refs if ref.document_id in unread}
    failures = (_failure(*one) for one in ledger.failures(refs))
    return Report(
        output=store.location(""),
        documents=len(refs),
        proof=proof,
        missing=Names.of([key for key in proof.missing if key not in older], most),
        changed=Names.of(proof.changed, most),
        doubled=Names.of(proof.doubled, most),
        failed=Names(proof.failed, tuple(islice(failures, most))),
        distrusted=Names.of(distrusted, most),
        other=Names.of(foreign_names(store), most),
        unread=Names.of([f"{key}: {reasons[key]}" for key in proof.unread], most),
        orphaned=Names(len(orphans), _keys(store, sorted(orphans)[:most], distrusted)),
        notices={
            code: Names(
                count,
                tuple(page_name(ref.key, page) for ref, page in islice(ledger.noticed(refs, code), most)),
            )
            for code, count in proof.notices.items()
        },
    )


def verify(config: Config, most: int = NAMES, *, deep: bool = False) -> Report:
    """List the source, count it against the output, and say who is at work; needs neither engine nor lock.
    `deep`: read every byte of every file, too.

    Raises ConfigError if there is no output, or if source or output cannot be read; IncompleteError if the
    store fails.
    """
    from dataclasses import replace

    from actors.errors import ConfigError
    from pipelines.attached import with_attached
    from pipelines.card import read_card
    from pipelines.journal import SWAP
    from pipelines.lock import who_is_at_work
    from pipelines.prepare import list_source
    from pipelines.store import open_store, or_incomplete

    store = open_store(config.output.path, config.output.storage_options)
    card = read_card(store)
    if card is None:
        raise ConfigError(
            f"There is no output of rayocr in {store.location('')}.",
            "It has no rayocr.json.",
            "Check output.path, or make it: rayocr run with the same arguments.",
        )
    refs = list_source(config)
    with or_incomplete(store):
        owner = who_is_at_work(store)
        ledger, troubles = Ledger.survey(store, card.fingerprints, card.wanted)
        if card.settings.get("decode.attachments") == "read":
            refs = with_attached(refs, ledger, config)
        troubles, unsealed = _deeply(store, troubles) if deep else (troubles, [])
        whole, unread = not config.source.limit, read_record(store)
        report = check_output(store, ledger, refs, troubles, unread=unread, whole_source=whole, most=most)
        journals = sum(is_journal(entry.path) for entry in store.list(SWAP))
    at_work = f"Run {owner.run_id} on {owner.host}, process {owner.pid}," if owner else None
    names = Names.of(unsealed, most)
    return replace(report, unfinished=journals, at_work=at_work, deep=deep, unsealed=names)


def _deeply(store: Store, troubles: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is wrong with files, each of whose bytes was read; and those without a seal."""
    paths = [path for path in files_of_pages(store) if not _is_named(store, path, troubles)]
    with ThreadPoolExecutor(_READERS) as pool:
        answers = dict(zip(paths, pool.map(lambda path: _deep(store, path), paths), strict=True))
    wrong = [answer for answer in answers.values() if isinstance(answer, str)]
    return [*troubles, *wrong], [path for path, answer in answers.items() if answer is False]


def _deep(store: Store, path: str) -> bool | str:
    try:
        return check_deep(store, path)
    except FileNotFoundError:  # replaced by a command that is at work
        return True


def _is_named(store: Store, path: str, troubles: Iterable[str]) -> bool:
    return any(trouble.startswith(f"{store.location(path)}: ") for trouble in troubles)


def _attached_to(store: Store, orphans: Collection[str], unread: Collection[str]) -> set[str]:
    """Those of these documents that are attached to ones that cannot be read: nobody knows if they left."""
    held = held_documents(store, orphans).values()
    return {one.document_id for one in held if is_within(one.key, unread)}


def _failure(ref: DocRef, page: int, code: str) -> str:
    return f"{page_name(ref.key, page)}: {code}"


def _listed_twice(refs: Sequence[DocRef]) -> set[str]:
    counts = Counter(ref.document_id for ref in refs)
    return {ref.key for ref in refs if counts[ref.document_id] > 1} if len(counts) < len(refs) else set()


def _keys(store: Store, documents: Collection[str], distrusted: Iterable[str]) -> tuple[str, ...]:
    """The keys of these documents, which no listing has: from their rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    keys: dict[str, str] = {}
    bad = tuple(distrusted)
    for entry in store.list(PAGES):
        if len(keys) == len(documents):
            break
        if not entry.path.endswith(".parquet") or _is_named(store, entry.path, bad):
            continue
        with opened(store, entry.path) as file:
            table = read_rows_of(file, ["document_id", "key"])
        wanted = pa.array(list(documents), pa.string())
        table = table.filter(pc.is_in(table.column("document_id"), value_set=wanted))
        ids, names = table.column("document_id").to_pylist(), table.column("key").to_pylist()
        keys |= {one: name or one for one, name in zip(ids, names, strict=True)}
    return tuple(sorted(keys.values()))
