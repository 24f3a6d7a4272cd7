"""The decode room over the corpus of bad, odd and dangerous files, and over real multi-page documents."""

from __future__ import annotations

import importlib.util
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psutil
import pytest
from PIL import Image

from actors.contracts import DecodedPage, DocRef, Page
from actors.decoding.child import Decoder
from actors.documents import read_and_decode
from actors.settings import DecodeConfig
from tests.data import require_data

pytestmark = [pytest.mark.data, pytest.mark.slow]

CONFIG = DecodeConfig()
LEAST_AGREEMENT = 0.98
MOST_RESIDENT_MB = 2048


class Watched:
    """Runs files through the room and keeps the highest memory of any decoder."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.peak_mb = 0.0

    def close(self) -> None:
        self._decoder.close()

    def pages(self, path: Path) -> Iterator[Page]:
        ref = DocRef("id", path.name, str(path), "v")
        for page in read_and_decode(ref, self._decoder, CONFIG):
            self.peak_mb = max(self.peak_mb, peak_mb(self._decoder.pid))
            yield page


def peak_mb(pid: int | None) -> float:
    """Highest resident memory in MiB that a live process ever had (Linux), or has."""
    if pid is None:
        return 0.0
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return psutil.Process(pid).memory_info().rss / 2**20 if psutil.pid_exists(pid) else 0.0
    high = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(high[0].split()[1]) / 1024 if high else 0.0


def dead_children_mb() -> float:
    """Highest resident memory in MiB of any child that has ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


@pytest.fixture
def room() -> Iterator[Watched]:
    with Decoder(CONFIG) as decoder:
        yield Watched(decoder)


def load_check(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("hostile_check", folder / "check.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(decoded: DecodedPage) -> dict:
    found = {"page_index": decoded.page_index, "status": "failed" if decoded.fault else "ok"}
    found["error_code"] = decoded.fault.code if decoded.fault else None
    if decoded.image is not None:
        found["height"], found["width"] = decoded.image.shape[:2]
        if decoded.page_index == 0:
            small = Image.fromarray(decoded.image).resize((8, 8), Image.Resampling.BOX)
            found["thumb"] = small.tobytes().hex()
    return found


@pytest.mark.timeout(600)
def test_hostile_files(room: Watched, tmp_path: Path) -> None:
    folder = require_data("hostile")
    check = load_check(folder)
    subprocess.run([sys.executable, folder / "odd_names.py", tmp_path], check=True, capture_output=True)
    cases = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    runs = [(case, folder / "files" / case["file"]) for case in cases]
    runs += [(case, tmp_path / case["odd_name"]) for case in cases if case.get("odd_name")]
    started, disagree, before = time.monotonic(), [], dead_children_mb()
    for case, path in runs:
        rows = [row(page.decoded) for page in room.pages(path)]
        codes = [found["error_code"] for found in rows if found["error_code"]]
        assert all(code.startswith(("read.", "decode.")) for code in codes), (path.name, codes)
        if faults := check.faults(case, rows):
            disagree.append((path.name, faults))
    seconds = time.monotonic() - started
    agreement = 1 - len(disagree) / len(runs)
    room.close()
    after = dead_children_mb()  # of this process's whole life: ours only if it grew
    room.peak_mb = max(room.peak_mb, after if after > before else 0.0)
    print(f"{agreement:.1%} of {len(runs)} files in {seconds:.0f} s, peak {room.peak_mb:.0f} MiB")
    assert agreement >= LEAST_AGREEMENT, disagree
    assert room.peak_mb < MOST_RESIDENT_MB
    assert seconds < 300


def test_multipage_documents(room: Watched) -> None:
    folder = require_data("multipage")
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        document = json.loads(line)
        pages = [page.decoded for page in room.pages(folder / document["file"])]
        assert [page.page_index for page in pages] == list(range(document["pages"])), document["file"]
        for page, label in zip(pages, document["page"], strict=True):
            assert page.fault is None and page.page_count == document["pages"]
            assert page.format == document["kind"]
            height, width = page.image.shape[:2]
            scale = page.info.dpi / 72 if document["unit"] == "pt" else 1
            slack = 1.01 if document["unit"] == "pt" else 0
            assert abs(width - label["width"] * scale) <= slack, (document["file"], page.page_index)
            assert abs(height - label["height"] * scale) <= slack, (document["file"], page.page_index)
    assert room.peak_mb < MOST_RESIDENT_MB
