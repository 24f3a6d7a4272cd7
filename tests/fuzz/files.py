"""Targets: the files of a configuration, a source and an output. What a stranger wrote is data.

Each check puts the bytes into a folder of its own, beside files of the user that nothing may touch.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from actors.errors import RayocrError
from pipelines.card import read_card
from pipelines.config import load_config
from pipelines.ledger import Ledger
from pipelines.lock import RunLock, who_is_at_work
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig
from pipelines.store import Store, open_store
from pipelines.supersede import finish_swaps
from tests.fuzz.target import FindingError, Target
from tests.pipelines.outputs import document, table

_KEPT = {"kept/thesis.tex": b"years of work", "out/notes.txt": b"mine", "out/pages/mine.txt": b"mine"}
"""Files of the user beside and inside the output, by their path."""


def files() -> list[Target]:
    """A target for each kind of file."""
    return [
        Target("config", _config, lambda: [_CONFIG]),
        Target("manifest-txt", partial(_manifest, "txt"), lambda: [b"a.png\n/b/c.pdf\nhttps://h/d.png\n"]),
        Target("manifest-csv", partial(_manifest, "csv"), lambda: [b'uri,note\na.png,"x, y"\nb.pdf,\n']),
        Target("manifest-parquet", partial(_manifest, "parquet"), lambda: [_parquet_manifest()]),
        Target("ledger", partial(_output, "pages/a.parquet", _ledger), lambda: [_pages()]),
        Target("lock", partial(_output, "_lock.json", _lock), lambda: [_LOCK]),
        Target("journal", partial(_output, "_swap/a.json", _journal), lambda: _JOURNALS),
        Target("card", partial(_output, "rayocr.json", read_card), lambda: [_CARD]),
    ]


def _config(data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder, "config.yaml")
        path.write_bytes(data)
        with _declared():
            load_config(str(path), environment={})


def _manifest(suffix: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder, f"list.{suffix}")
        path.write_bytes(data)
        with _declared():
            for _ in list_documents(SourceConfig(path=str(path), limit=50)):
                pass


def _output(name: str, use: Callable[[Store], object], data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        root = Path(folder)
        for path, content in {**_KEPT, "out/rayocr.json": _CARD, f"out/{name}": data}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        with _declared():
            use(open_store(str(root / "out")))
        for path, content in _KEPT.items():
            if not (root / path).is_file() or (root / path).read_bytes() != content:
                raise FindingError(f"{path} of the user is gone or changed")


@contextmanager
def _declared() -> Iterator[None]:
    """An error with what, why and what to do is an answer; every other one is a finding."""
    try:
        yield
    except RayocrError as error:
        if not error.what or "it is a bug" in str(error):
            raise


def _ledger(store: Store) -> None:
    ledger, _ = Ledger.survey(store)
    assert ledger.totals.rows >= 0


def _lock(store: Store) -> None:
    who_is_at_work(store)
    lock = RunLock(store, "fuzz", sleep=lambda _: None)
    lock.acquire()
    lock.release()


def _journal(store: Store) -> None:
    finish_swaps(store)


def _parquet_manifest() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"uri": ["a.png", "b.pdf"], "note": ["x", None]}), sink)
    return sink.getvalue()


def _pages() -> bytes:
    sink = io.BytesIO()
    pq.write_table(table(document("a", 2)), sink)
    return sink.getvalue()


_CONFIG = b"""source: {path: scans, include: ["*.pdf"]}
engine: &fast
  engine: fake
decode: {pages: "1-3,7", dpi: 200}
output: {path: out}
"""
_CARD = json.dumps(
    {"schema_version": 1, "fingerprint": "0" * 16, "settings": {"engine.model": "x", "decode.pages": "1-3"}}
).encode()
_LOCK = json.dumps({"run_id": "a", "host": "h", "pid": 1, "pids": "", "expires": 1.5}).encode()
_JOURNALS = [
    json.dumps([{"old": "pages/a.parquet", "staged": None, "new": None}]).encode(),
    json.dumps([{"old": "../kept/thesis.tex", "staged": None, "new": None}]).encode(),
    json.dumps([{"old": "notes.txt", "staged": "rayocr.json", "new": "../kept/new"}]).encode(),
]
