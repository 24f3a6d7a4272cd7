"""In which phase a run is, or was when it died: told from what lies in its output, and who is running."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from tests.faults.processes import Tree

PHASES = (
    "listing",
    "start",
    "decode",
    "recognise",
    "stage",
    "gap",
    "publish",
    "supersede",
    "verify",
)
"""In order. `start`: the lock is held, no engine runs yet; `stage`: a file is being written; `gap`: it is
written and not published; `publish`: it became visible this moment; `verify`: all pages are there, and the
run has not said so."""

_THIS_MOMENT_S = 0.05


@dataclass(frozen=True, slots=True)
class Output:
    """An output's folder, and how many pages its source has."""

    folder: Path
    pages: int

    def phase(self, tree: Tree) -> str:
        """The phase that the output shows now, `end` after the last; the driver must stand still."""
        run_id = self._holder(tree)
        if not run_id:
            begun = tree.driver.create_time()
            ended = any(file.stat().st_mtime > begun for file in self.folder.glob("runs/*.json"))
            return "end" if ended else "listing"
        staged = self.staged()
        if list(self.folder.glob("_swap/*.json")) or any(_is_rewritten(file, run_id) for file in staged):
            return "supersede"
        if staged:
            return "stage" if any(file.name.startswith(".tmp-") for file in staged) else "gap"
        if self.published_now():
            return "publish"
        if tree.of_kind("engine"):
            return "recognise"
        published = any(self.folder.glob(f"pages/{run_id}*"))
        return "verify" if published and self._rows() >= self.pages else "start"

    def staged(self) -> list[Path]:
        """Files that are not published yet; none if their folder goes while it is looked into."""
        try:
            return [file for file in self.folder.glob("_staging/*/*") if not file.name.startswith(".probe")]
        except FileNotFoundError:
            return []

    def published_now(self) -> bool:
        """Whether a file became visible this moment."""
        newest = max((file.stat().st_ctime for file in self.folder.glob("pages/*.parquet")), default=0.0)
        return time.time() - newest < _THIS_MOMENT_S

    def _rows(self) -> int:
        return sum(pq.read_metadata(file).num_rows for file in self.folder.glob("pages/*.parquet"))

    def _holder(self, tree: Tree) -> str:
        """The run of this driver, if it holds the lock."""
        try:
            owner = json.loads((self.folder / "_lock.json").read_bytes())
        except FileNotFoundError:
            return ""
        return str(owner["run_id"]) if owner["pid"] == tree.driver.pid else ""


def _is_rewritten(file: Path, run_id: str) -> bool:
    """Whether a staged file holds rows of earlier runs: it is to replace a published one."""
    if file.name.startswith(".tmp-"):
        return False
    try:
        return set(pq.read_table(file, columns=["run_id"]).column("run_id").to_pylist()) != {run_id}
    except (OSError, ValueError):
        return False
