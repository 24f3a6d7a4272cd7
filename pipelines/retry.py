"""Failed pages again: which, with what settings, and how their old rows leave the table.

A page that is tried again has two rows from the moment its new one is published until the failed one is
taken out, at the end of the run. If the run is cut off between the two, the next command that writes does it:
of a page with several rows in one version one stays, which did not fail if there is such a one. Nothing else
need be known for that, so nothing is written down. The same mends a page that is there twice for another
reason: a file that was copied, or that a store brought back by repeating a request too late.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actors.errors import ERROR_CODES, ConfigError
from pipelines.ledger import Ledger
from pipelines.parquet import read_rows_of
from pipelines.rows_file import opened
from pipelines.supersede import files_of_pages, without_rows

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from pipelines.config import Config
    from pipelines.store import Store

CAREFUL_SIDE = 960
"""Pixels of a page's long side in detection, at most, when pages are tried again with care."""

_COLUMNS = ("document_id", "version", "page_index", "status", "error_code", "written_at")

Page = tuple[str, str, int]
"""(document_id, version, page_index)."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Which failed pages are tried again, by error code. `careful`: one page a batch, and detection on no
    more than CAREFUL_SIDE pixels, which takes less memory and time, and may miss small print."""

    codes: frozenset[str] = field(default_factory=lambda: frozenset(ERROR_CODES))
    careful: bool = False


def codes_named(names: Iterable[str]) -> frozenset[str]:
    """Error codes by name, or by the part before the dot (`ocr`); all without names. Raises ConfigError."""
    wanted: set[str] = set()
    families = {code.partition(".")[0] for code in ERROR_CODES}
    names = list(names)
    for name in names:
        if name not in ERROR_CODES and name not in families:
            near = difflib.get_close_matches(name, [*ERROR_CODES, *families], n=1, cutoff=0.4)
            raise ConfigError(
                f"There is no error code {name!r}.",
                f"Did you mean {near[0]}?" if near else "Codes are like ocr.timeout, or ocr for all of them.",
                "All codes: docs/errors.md. A config file stands before --retry-failed.",
            )
        wanted |= {code for code in ERROR_CODES if name in (code, code.partition(".")[0])}
    return frozenset(wanted if names else ERROR_CODES)


def careful_config(config: Config) -> Config:
    """The settings with which pages are tried again with care; a smaller side that was set stays."""
    side = CAREFUL_SIDE
    if config.engine.det_limit_type == "max" and config.engine.det_limit_side is not None:
        side = min(side, config.engine.det_limit_side)
    engine = {"det_limit_side": side, "det_limit_type": "max"}
    return config.model_copy(
        update={
            "engine": config.engine.model_copy(update=engine),
            "resources": config.resources.model_copy(update={"batch_pages": 1}),
        }
    )


def drop_retried(store: Store, run_id: str, ledger: Ledger, still_held: Callable[[], bool]) -> int:
    """Leave one row of each page; returns files replaced. One that did not fail stays, of several the last;
    one that says only that the document could not be read replaces no other.

    The caller holds the lock. Raises IncompleteError if that is lost.
    """
    documents = ledger.with_repeated_pages()
    if not documents:
        return 0
    paths = files_of_pages(store)  # once: a file that another run made since may hold the row that stays
    best = _best_rows(store, paths, documents)

    def kept(path: str, rows: pa.Table) -> list[bool]:
        places = zip(_pages(rows), _places(path, rows), strict=True)
        return [best.get(page, here) == here for page, here in places]

    return without_rows(store, run_id, paths, _COLUMNS, kept, still_held)


_Place = tuple[str, int]
"""Path of a file, and number of a row in it."""


def _best_rows(store: Store, paths: Iterable[str], documents: Collection[str]) -> dict[Page, _Place]:
    """Where the row is that stays, for each page of these documents."""
    import pyarrow as pa

    wanted = pa.array(sorted(documents))
    best: dict[Page, tuple[tuple[bool, bool, str], _Place]] = {}
    for path in paths:
        with opened(store, path) as file:
            rows = read_rows_of(file, _COLUMNS)
        for page, rank, place in _ranked(rows, wanted, path):
            best[page] = max(best.get(page, (rank, place)), (rank, place))
    return {page: place for page, (_, place) in best.items()}


def _ranked(
    rows: pa.Table, wanted: pa.Array, path: str
) -> Iterable[tuple[Page, tuple[bool, bool, str], _Place]]:
    """The rows of these documents: page, rank (not failed, more than a failed read, late), place."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.indices_nonzero(pc.is_in(rows.column("document_id"), value_set=wanted))
    rows = rows.take(numbers)
    codes, times = rows.column("error_code").to_pylist(), rows.column("written_at").to_pylist()
    ranks = [
        (code is None, not _is_read(code), _sortable(time)) for code, time in zip(codes, times, strict=True)
    ]
    places = [(path, number) for number in pa.array(numbers).to_pylist()]
    return zip(_pages(rows), ranks, places, strict=True)


def _is_read(code: str | None) -> bool:
    return code is not None and code.startswith("read.")


def _sortable(time: datetime | None) -> str:
    return time.isoformat() if time is not None else ""


def _pages(rows: pa.Table) -> list[Page]:
    columns = [rows.column(name).to_pylist() for name in ("document_id", "version", "page_index")]
    return list(zip(*columns, strict=True))


def _places(path: str, rows: pa.Table) -> list[_Place]:
    return [(path, number) for number in range(rows.num_rows)]
