"""What one writes first: `ray.data.read_images(...).map_batches(PaddleOCR)`, one actor a core.

Ray is started for each request and ended after it, so that it costs nothing while others have their turn. Its
start, and that of the actors, is told apart. The pipeline decodes the pages itself: that is part of its cost.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Channel, Ready, cpu_s, describe, introduction, options, peak_rss_mb
from benchmarks.peers.stock_adapter import build, found


class NaiveReader:
    """The actor. It notes what it costs in a file of its own, since Ray ends it without asking."""

    def __init__(self, notes: str) -> None:
        import numpy as np

        self._ocr = build(threads=1)
        self._ocr.predict(np.full((416, 608, 3), 255, np.uint8))
        self._note = Path(notes) / f"{os.getpid()}.json"
        self._started = {"start_cpu_s": cpu_s(), "ready": time.time()}
        self._write()

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[str]]:
        """Read a batch of pages."""
        rows = [self._read(page) for page in batch["image"]]
        self._write()
        return {"path": list(batch["path"]), "read": rows}

    def _read(self, page: Any) -> str:
        try:
            read = found(self._ocr.predict(page[:, :, ::-1])[0])
        except Exception as error:  # noqa: BLE001 - whatever it raises belongs to this page
            return json.dumps({"text": "", "lines": [], "error": describe(error)})
        return json.dumps({"text": read.text, "lines": read.lines, "error": None})

    def _write(self) -> None:
        used = {"cpu_s": cpu_s(), "peak_rss_mb": peak_rss_mb("self")}
        self._note.write_text(json.dumps(self._started | used))


def main() -> None:
    """See `adapter.serve`."""
    channel, told = Channel(), options()
    started = time.monotonic()
    import ray.data

    ready = Ready(
        precision="float32",
        weights="small",
        settings=f"{told['cores']} actors of one thread, batches of one page",
        packages=("ray", "paddleocr", "paddlex", "onnxruntime"),
    )
    channel.send(introduction(ready, cpu_s(), time.monotonic() - started))
    for request in channel.requests():
        if request["pages"] == [told["warm"]]:  # each request warms up its own actors
            channel.send(_answer([], 0.0, 0.0, 0.0))
            continue
        began, spent = time.time(), cpu_s()
        with tempfile.TemporaryDirectory(prefix="compare-") as notes:
            ray.init(
                address="local",
                num_cpus=told["cores"] + 1,  # an actor a core, and one for the task that reads
                include_dashboard=False,
                log_to_driver=False,
                logging_level="error",
            )
            try:
                channel.send(_read(request["pages"], told, Path(notes), began, spent))
            finally:
                ray.shutdown()


def _read(
    pages: Sequence[str], told: Mapping[str, Any], notes: Path, began: float, spent: float
) -> dict[str, Any]:
    """One run; `began`: when Ray was asked to start, `spent`: this process's CPU seconds then."""
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    ray.data.read_images([told["warm"]], mode="RGB").take_all()
    before = _costs()
    rows = (
        ray.data.read_images(list(pages), mode="RGB", include_paths=True)
        .map_batches(
            NaiveReader,
            fn_constructor_args=(str(notes),),
            batch_size=1,
            num_cpus=1,
            concurrency=told["cores"],
        )
        .take_all()
    )
    ended = time.time()
    actors = {int(note.stem): json.loads(note.read_text()) for note in notes.iterdir()}
    rest = {pid: cost for pid, cost in _costs().items() if pid not in actors}
    cpu = sum(cost - before.get(pid, 0.0) for pid, cost in rest.items())
    cpu += sum(actor["cpu_s"] - actor["start_cpu_s"] for actor in actors.values())
    ready = min(actor["ready"] for actor in actors.values())
    peak = sum(map(peak_rss_mb, rest)) + sum(actor["peak_rss_mb"] for actor in actors.values())
    start_cpu = sum(cost for pid, cost in before.items() if pid not in actors) - spent
    start_cpu += sum(actor["start_cpu_s"] for actor in actors.values())
    by_path = {os.path.realpath(row["path"]): json.loads(row["read"]) for row in rows}
    empty = {"text": "", "lines": [], "error": "no row came out"}
    found = [{"file": page} | by_path.get(os.path.realpath(page), empty) for page in pages]
    answer = _answer(found, cpu, ended - ready, peak)
    return answer | {"start_cpu_s": start_cpu, "start_wall_s": ready - began}


def _answer(pages: Sequence[Mapping[str, Any]], cpu: float, wall: float, peak: float) -> dict[str, Any]:
    return {"pages": pages, "cpu_s": cpu, "wall_s": wall, "peak_rss_mb": peak}


def _costs() -> dict[int, float]:
    """CPU seconds so far of this process and of all below it."""
    return dict(_each())


def _each() -> Iterator[tuple[int, float]]:
    import psutil

    this = psutil.Process()
    for process in [this, *this.children(recursive=True)]:
        try:
            yield process.pid, sum(process.cpu_times()[:2])
        except psutil.Error:
            continue


if __name__ == "__main__":
    main()
