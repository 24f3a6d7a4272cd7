"""What a large output costs its driver: a million pages counted, far stores, and journal and ledger a page.

    python benchmarks/ledger.py [--documents 1000000] [--files 25000] [--latency-ms 50] [--page-s 1.2]

An output of so many one-page documents is made, in as many files as a long run writes, and in as few as a
compaction leaves. A fresh process lists the documents, loads the ledger, subtracts it from the listing (one
document of a hundred is not there), and counts source against output. The same is done with a store on which
every request takes so long. Then a page's share of the journal (in the driver's process, and as Ray's actor),
of staging, publishing and the ledger is measured, and set against a page's time.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from benchmarks import hardware  # noqa: E402
from pipelines.store import Entry  # noqa: E402
from pipelines.stores.local import LocalStore  # noqa: E402

if TYPE_CHECKING:
    import pyarrow as pa

    from actors.contracts import DocRef
    from actors.journal import Journal

FEW_FILES = 50
MISSING = 100
"""One document of so many is not in the output."""

BATCH = 4
PAGES_A_FILE = 40
LISTED_AT_ONCE = 1000
"""Names that a request for a listing gives."""

ASKED = {"seconds": 120.0, "peak_gb": 2.0, "share": 0.01}
PARTS = ("near", "far", "page")


def main() -> None:
    """Measure, print, and write it with hardware, versions and date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=25_000, help="files of the output of a long run")
    parser.add_argument("--latency-ms", type=float, default=50.0, help="time of a request to the far store")
    parser.add_argument("--page-s", type=float, default=1.2, help="CPU seconds of a page, to compare with")
    parser.add_argument("--parts", default=",".join(PARTS), help="which of them to measure")
    parser.add_argument("--folder", type=Path, help="where outputs are made, and kept for the next time")
    parser.add_argument("--no-ray", action="store_true", help="leave the journal as an actor out")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "ledger.json")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.documents, options.latency_ms / 1000)))
        return
    found: dict[str, Any] = {}
    parts = options.parts.split(",")
    with tempfile.TemporaryDirectory() as scratch:
        if {"near", "far"} & {*parts}:
            found |= outputs(options, parts, options.folder or Path(scratch))
        if "page" in parts:
            found["a page, microseconds"] = page_costs(Path(scratch, "page"), not options.no_ray)
    report(found, options)


def outputs(options: argparse.Namespace, parts: list[str], scratch: Path) -> dict[str, Any]:
    """What both outputs cost, near and far."""
    found = {}
    for files in dict.fromkeys((FEW_FILES, options.files)):
        folder = str(scratch / f"{options.documents}-{files}")
        if not Path(folder).exists():
            with told(f"{options.documents:,} pages in {files:,} files are made"):
                make_output(LocalStore(folder), options.documents, files)
        for part, latency in (("near", 0.0), ("far", options.latency_ms)):
            if part in parts:
                name = f"{files} files, {latency:g} ms a request"
                found[name] = in_a_fresh_process(folder, options.documents, latency)
                print(f"{name}: " + ", ".join(f"{key} {one:g}" for key, one in found[name].items()))
    return found


def in_a_fresh_process(folder: str, documents: int, latency_ms: float) -> dict[str, float]:
    """`measure` there."""
    command = [sys.executable, __file__, "--measure", folder]
    command += ["--documents", str(documents), "--latency-ms", str(latency_ms)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(answer.stdout)
    return result


def measure(folder: str, documents: int, latency_s: float) -> dict[str, float]:
    """Seconds of a run's driver over this output, and its peak memory in GB."""
    from pipelines.ledger import Ledger
    from pipelines.verify import check_output

    store = FarStore(folder, latency_s) if latency_s else LocalStore(folder)
    seconds: dict[str, float] = {}
    with timed(seconds, "listing_s"):
        refs = [ref(number) for number in range(documents)]
    cpu = time.process_time()
    with timed(seconds, "load_s"):
        ledger = Ledger.load(store)
    with timed(seconds, "anti_join_s"):
        todo = sum(1 for _ in ledger.pending(refs))
    with timed(seconds, "proof_s"):
        proof = check_output(store, ledger, refs)
    seconds["cpu_s"] = time.process_time() - cpu
    missing = len(range(0, documents, MISSING))
    if not todo == missing == proof.missing.count or proof.orphaned.count or proof.doubled.count:
        raise SystemExit(f"{todo} documents to do, {proof.missing.count} missing, where {missing} are")
    seconds["total_s"] = sum(seconds[name] for name in ("load_s", "anti_join_s", "proof_s"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {name: round(one, 2) for name, one in seconds.items()} | {"peak_gb": round(peak / 1e9, 2)}


def ref(number: int) -> DocRef:
    """A document of the source, as a listing of a disk has it."""
    from actors.contracts import DocRef, document_id

    key = f"archive/{number // 1000:05}/scan-{number:08}.pdf"
    version = f"{100_000 + number}-{1_700_000_000_000_000_000 + number * 1_000_003}"
    return DocRef(document_id(key), key, f"s3://scans/{key}", version, 100_000 + number)


def make_output(store: LocalStore, documents: int, files: int) -> None:
    """So many pages in so many files, without those that are missing; no card, since nothing is made with."""
    from pipelines.stage import parquet_bytes

    chance = random.Random(1)
    texts = [" ".join(str(chance.getrandbits(30)) for _ in range(80)) for _ in range(500)]
    pages = Path(store.root, "pages")
    pages.mkdir(parents=True)
    for file in range(files):
        numbers = range(documents * file // files, documents * (file + 1) // files)
        some = [ref(number) for number in numbers if number % MISSING]
        if some:
            content = parquet_bytes(_table(some, texts), "fingerprint")
            (pages / f"20260101T000000-{chance.getrandbits(128):032x}.parquet").write_bytes(content)


def _table(refs: list[DocRef], texts: list[str]) -> pa.Table:
    import pyarrow as pa

    from actors.schema import page_row_schema

    schema, count = page_row_schema(), len(refs)
    known = {
        "document_id": [one.document_id for one in refs],
        "page_index": [0] * count,
        "uri": [one.uri for one in refs],
        "key": [one.key for one in refs],
        "version": [one.version for one in refs],
        "page_count": [1] * count,
        "size_bytes": [one.size_bytes for one in refs],
        "status": ["ok"] * count,
        "text": [texts[one.size_bytes % len(texts)] for one in refs if one.size_bytes],
        "run_id": ["20260101T000000-00000000"] * count,
        "fingerprint": ["fingerprint"] * count,
    }
    columns = [
        pa.array(known[one.name], one.type) if one.name in known else pa.nulls(count, one.type)
        for one in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


@dataclass(frozen=True, slots=True)
class FarStore(LocalStore):
    """A disk whose requests take as long as those of an object store: every listing of a thousand names,
    every look, and every piece of a file."""

    latency_s: float = 0.05

    def list(self, prefix: str) -> list[Entry]:
        """See Store."""
        found = LocalStore.list(self, prefix)
        time.sleep(self.latency_s * (1 + len(found) // LISTED_AT_ONCE))
        return found

    def exists(self, path: str) -> bool:
        """See Store."""
        time.sleep(self.latency_s)
        return LocalStore.exists(self, path)

    def read(self, path: str) -> bytes:
        """See Store."""
        time.sleep(self.latency_s)
        return LocalStore.read(self, path)

    def open(self, path: str) -> IO[bytes]:
        """See Store: a look at its size, then read-ahead of 5 MiB, as fsspec does."""
        time.sleep(self.latency_s)
        return io.BufferedReader(_FarFile(str(Path(self.root, path)), self.latency_s), 5 << 20)


class _FarFile(io.FileIO):
    def __init__(self, path: str, latency_s: float) -> None:
        super().__init__(path)
        self._latency_s = latency_s

    def readinto(self, buffer: Any) -> int | None:
        """A request."""
        time.sleep(self._latency_s)
        return super().readinto(buffer)


def page_costs(folder: Path, with_ray: bool) -> dict[str, float]:
    """Microseconds of a page: wall for what is waited for, CPU beside it."""
    from actors.journal import MemoryJournal

    found: dict[str, float] = {}
    with told("journal, staging and publishing"):
        found |= costs("journal in the process", lambda: use_journal(MemoryJournal(), 40_000))
        if with_ray:
            found |= ray_journal()
        found |= staging(LocalStore(str(folder)), 50)
    return found


def costs(name: str, work: Callable[[], int]) -> dict[str, float]:
    """Of something that says for how many pages it was."""
    wall, cpu = time.perf_counter(), time.process_time()
    pages = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {f"{name}, wall": round(1e6 * wall / pages, 1), f"{name}, cpu": round(1e6 * cpu / pages, 1)}


def use_journal(journal: Journal, pages: int) -> int:
    """What `recognise` asks of it for each batch."""
    identities = [(f"{number:032x}", number) for number in range(pages)]
    for start in range(0, pages, BATCH):
        batch = identities[start : start + BATCH]
        journal.deaths(batch)
        journal.note(batch)
        journal.strike(batch)
    return pages


def ray_journal() -> dict[str, float]:
    """The same through an actor; its CPU is the caller's alone."""
    from pipelines.runners.ray import connect, disconnect
    from pipelines.runners.ray_journal import ActorJournal, start_journal

    connect()
    try:
        journal = ActorJournal(start_journal())
        use_journal(journal, 400)
        return costs("journal as an actor", lambda: use_journal(journal, 4000))
    finally:
        disconnect()


def staging(store: LocalStore, files: int) -> dict[str, float]:
    """Rows with lines, as an engine finds them: staged by a worker, published by the driver in its lock."""
    from actors.rows import Stamp
    from pipelines.lock import RunLock
    from pipelines.publish import Publisher
    from pipelines.stage import stage_file

    tables = [_recognised(number) for number in range(files)]
    receipts = []

    def stage() -> int:
        receipts.extend(stage_file(table, Stamp("fingerprint", "run"), store) for table in tables)
        return files * PAGES_A_FILE

    with RunLock(store, "run") as lock:
        publisher = Publisher(store, lock, "run")

        def publish() -> int:
            for receipt in receipts:
                publisher.publish(receipt)
            return files * PAGES_A_FILE

        return costs("stage", stage) | costs("publish", publish)


def _recognised(number: int) -> pa.Table:
    import numpy as np

    from actors.contracts import DecodedPage, Line, Page, PageResult
    from actors.rows import Recognised, Stamp, rows_table

    chance = random.Random(number)
    image = np.zeros((2, 2, 3), np.uint8)
    rows = []
    for page in range(PAGES_A_FILE):
        lines = tuple(
            Line(f"line {chance.getrandbits(60)} of a page", 0.9, tuple(chance.random() for _ in range(8)))
            for _ in range(45)
        )
        decoded = DecodedPage(0, 1, "png", image=image)
        rows.append(Recognised(Page(ref(number * PAGES_A_FILE + page), decoded), PageResult(lines)))
    return rows_table(rows, Stamp("fingerprint", "run"))


def report(found: dict[str, Any], options: argparse.Namespace) -> None:
    """Add shares and what was asked, print, and write the file."""
    outputs = [one for name, one in found.items() if "files" in name]
    costs = found.get("a page, microseconds", {})
    if costs and outputs:
        costs["ledger, cpu"] = round(max(1e6 * one["cpu_s"] for one in outputs) / options.documents, 1)
    shares = {name: one / 1e6 / options.page_s for name, one in costs.items()}
    for name, share in shares.items():
        print(f"{name:<30} {costs[name]:>9.1f} us a page, {share:.4%} of {options.page_s:g} s")
    ray = "journal as an actor" if "journal as an actor, wall" in costs else "journal in the process"
    parts = [f"{ray}, wall", "stage, wall", "publish, wall", "ledger, cpu"]
    share = sum(shares.get(name, 0.0) for name in parts)
    kept = {
        "seconds": all(one["total_s"] < ASKED["seconds"] for one in outputs),
        "peak_gb": all(one["peak_gb"] < ASKED["peak_gb"] for one in outputs),
        "share": share < ASKED["share"],
    }
    print(f"together {share:.3%} of a page's time; asked {ASKED}: {kept}")
    tree = {
        "date": hardware.now(),
        "machine": hardware.in_a_line(),
        "load": os.getloadavg()[0],
        "versions": {name: metadata.version(name) for name in ("rayocr", "pyarrow", "numpy", "ray")},
        "documents": options.documents,
        "page_s": options.page_s,
        **found,
        "share of a page's time": round(share, 5),
        "asked": ASKED,
        "kept": kept,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(tree, indent=2) + "\n")


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Wall seconds of what is in it."""
    started = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - started


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say what is going on, since it takes minutes."""
    started = time.perf_counter()
    print(f"{what} ...", end=" ", flush=True)
    yield
    print(f"{time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
