"""What schedules work on: documents and what becomes of their pages, files of rows, and whole jobs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from actors.contracts import DocRef, document_id
from actors.schema import SCHEMA_VERSION, page_row_schema
from pipelines import ledger_file
from tests.pipelines.outputs import Row
from tests.simulation.store import Page

FINGERPRINT, CAREFUL = "fingerprint", "careful"
PAGE_COUNTS = (1, 3, 2, None, 4, 1)
"""Of the documents that schedules draw from; None: one that cannot be opened."""

COMMANDS = ("run", "retry", "careful", "forget", "compact")
"""`rayocr run`, with `--retry-failed`, with `--careful` too, with `--forget`; `rayocr compact`."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the source; `count` None: it cannot be opened, ever. `version` differs from `before`
    (what an earlier run saw, None for nothing) if it changed.

    What an earlier run saw was the first attempt. The first `fails` attempts fail on the pages `failing`; in
    the first `closed` ones it cannot be opened; in those of `unread` it cannot be read. One that `left` is
    not listed any more.
    """

    key: str
    count: int | None
    version: str = "1"
    before: str | None = None
    failing: tuple[int, ...] = ()
    fails: int = 0
    closed: int = 0
    unread: tuple[int, ...] = ()
    left: bool = False

    @property
    def ref(self) -> DocRef:
        """As it is listed now."""
        return DocRef(document_id(self.key), self.key, f"/in/{self.key}", self.version)

    @property
    def trouble(self) -> int:
        """The first attempt at which all goes well."""
        return max(self.fails if self.failing else 0, self.closed, *(one + 1 for one in self.unread), 0)

    def rows(self, version: str, attempt: int = 99, done: Sequence[int] = ()) -> list[Row]:
        """Its rows in a version, as an attempt finds them."""
        if attempt in self.unread:
            return [] if done else [Row(self.key, 0, None, version, "failed", "read.missing")]
        if self.count is None or attempt < self.closed:
            return [Row(self.key, 0, None, version, "failed", "decode.corrupt")]
        bad = self.failing if attempt < self.fails else ()
        return [
            Row(self.key, page, self.count, version, *(("failed", "ocr.timeout") if page in bad else ()))
            for page in range(self.count)
            if page not in done
        ]

    def pages(self, version: str) -> list[Page]:
        """All its pages, as a reader names them."""
        return [(document_id(self.key), version, row.page) for row in self.rows(version)]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What there is to do, and how a run goes about it. `rows_a_file`, `work_s`: recognition of a file's
    pages; `disk`, `conditional`: the store; `target`: bytes of a compacted file. The commands of the first
    driver, of its rival, and of the one that resumes."""

    documents: tuple[Document, ...]
    rows_a_file: int = 3
    work_s: float = 5.0
    same_host: bool = True
    disk: bool = True
    conditional: bool = True
    target: int = 1 << 20
    first: tuple[str, ...] = ("run",)
    rival: tuple[str, ...] = ("run",)
    last: tuple[str, ...] = ("run",)

    @property
    def listed(self) -> list[Document]:
        """What the source holds now."""
        return [one for one in self.documents if not one.left]

    @property
    def forgets(self) -> bool:
        """Whether rows of documents that left may go."""
        return "forget" in {*self.first, *self.rival, *self.last}

    @property
    def adds_only(self) -> bool:
        """Whether no row ever leaves the table."""
        commands = {*self.first, *self.rival, *self.last}
        return commands == {"run"} and all(one.before in (None, one.version) for one in self.documents)

    @property
    def has_failures(self) -> bool:
        """Whether pages fail that could do better."""
        return any(one.trouble for one in self.documents)

    @property
    def mends(self) -> bool:
        """Whether the last command tries failed pages again."""
        return bool({"retry", "careful"}.intersection(self.last))

    @property
    def resumes(self) -> int:
        """How often the last commands are given, so that all goes well in the last."""
        return 1 + (max(one.trouble for one in self.documents) if self.mends else 0)


@lru_cache(maxsize=4096)
def file_of(rows: tuple[Row, ...], written: float | None = None, fingerprint: str = FINGERPRINT) -> bytes:
    """A file with these rows: the columns that the protocol looks at, as rayocr marks them. `written`: when,
    in seconds, where that counts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([page_row_schema().field(name) for name in (*ledger_file.COLUMNS, "written_at")])
    when = None if written is None else round(written * 1e6)
    cells = [
        (document_id(row.key), row.version, row.page, row.count, row.status, row.code, when) for row in rows
    ]
    metadata = {"schema_version": str(SCHEMA_VERSION), "fingerprint": fingerprint}
    found = pa.Table.from_arrays(
        [
            pa.array(column, field.type)
            for column, field in zip(zip(*cells, strict=True), schema, strict=True)
        ],
        schema=schema.with_metadata(metadata),
    )
    sink = pa.BufferOutputStream()
    pq.write_table(found, sink, write_statistics=False)
    return bytes(sink.getvalue())


def random_scenario(rng: random.Random) -> Scenario:
    """A small job; a third of them have documents that changed, a half pages that fail, or a compaction."""
    changes, failures, compacts = rng.random() < 0.34, rng.random() < 0.3, rng.random() < 0.3
    documents = []
    for number in rng.sample(range(len(PAGE_COUNTS)), rng.randint(2, 5)):
        one = Document(f"d{number}", PAGE_COUNTS[number])
        if rng.random() < (0.7 if compacts else 0.4):
            one = replace(one, before="1")
        if changes and rng.random() < 0.6:
            one = replace(one, before="1", version="2")
        elif failures and one.count and rng.random() < 0.8:
            one = _with_failures(rng, one)
        documents.append(one)
    kind = rng.choice(("disk", "disk", "conditional", "plain"))
    scenario = Scenario(
        tuple(documents),
        rows_a_file=rng.randint(1, 4),
        work_s=rng.choice((1.0, 8.0, 25.0)),
        same_host=rng.random() < 0.5,
        disk=kind == "disk",
        conditional=kind != "plain",
        target=rng.choice((4_000, 1 << 20)),
    )
    return _with_leavers(rng, _with_commands(rng, scenario, failures, compacts))


def _with_leavers(rng: random.Random, scenario: Scenario) -> Scenario:
    """In a fifth of the jobs documents have left the source, and some command forgets them. The draws are on
    top of those of `rng`, which stays as it was: other seeds mean what they meant."""
    own = random.Random()
    own.setstate(rng.getstate())
    if own.random() >= 0.2:
        return scenario
    some = (Document("l0", 2, before="1", left=True), Document("l1", 1, before="1", left=True))
    first, rival, last = (
        tuple("forget" if one == "run" and own.random() < chance else one for one in commands)
        for commands, chance in ((scenario.first, 0.8), (scenario.rival, 0.4), (scenario.last, 0.7))
    )
    documents = [*scenario.documents, *some[: own.randint(1, 2)]]
    own.shuffle(documents)
    return replace(scenario, documents=tuple(documents), first=first, rival=rival, last=last)


def _with_failures(rng: random.Random, one: Document) -> Document:
    failing = tuple(page for page in range(one.count or 0) if rng.random() < 0.6)
    kind = rng.choice(("fails", "fails", "closed", "unread"))
    return replace(
        one,
        failing=failing,
        fails=rng.randint(1, 2),
        closed=int(kind == "closed"),
        unread=(rng.randint(0, 1),) if kind == "unread" else (),
    )


def _with_commands(rng: random.Random, scenario: Scenario, failures: bool, compacts: bool) -> Scenario:
    retry = rng.choice(("retry", "retry", "careful"))
    first, rival, last = ["run"], ["run"], ["run"]
    if failures:
        first, rival, last = [*rng.choice((["run"], [])), retry], [rng.choice(("run", retry))], [retry]
    if compacts:
        some = rng.choice((first, rival, rival, last))
        some.insert(rng.randint(0, len(some)), "compact")
    return replace(scenario, first=tuple(first), rival=tuple(rival), last=tuple(last))
