"""Tesseract as its package has it: one process a page, whose start counts."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import (
    Form,
    Found,
    Polygon,
    Reader,
    Ready,
    box_polygon,
    one_by_one,
    peak_rss_mb,
    serve,
)

_LANGUAGES = {"zh": "chi_sim"}
_WATCH_S = 0.05


class TesseractReader(Reader):
    """See Reader. The number of threads is in the environment (OMP_THREAD_LIMIT)."""

    form: Form = "file"

    def __init__(self, options: Mapping[str, Any]) -> None:
        language = _LANGUAGES.get(options["lang"], "eng")
        if language not in _run("--list-langs").split():
            package = f"tesseract-ocr-{language.replace('_', '-')}"
            raise SystemExit(f"{language} is not installed: apt install {package}")
        self._peak_mb = 0.0
        arguments = [f"--{name}={value}" for name, value in options["settings"].items()]
        self._arguments = ["-l", language, *(part for text in arguments for part in text.split("=", 1))]
        self.ready = Ready(
            precision="int8 (tessdata_fast)",
            weights="tesseract",
            settings=" ".join(self._arguments),
            packages=(),
            versions={"tesseract": _run("--version").split()[1]},
        )

    def read(self, pages: Sequence[Path]) -> list[Found]:
        """See Reader."""
        return one_by_one(self._read, pages)

    def _read(self, page: Path) -> Found:
        table = _run(str(page), "-", *self._arguments, "tsv", watch=self._watch)
        rows = list(csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE))
        return Found("\n".join(_lines(rows)), tuple(_boxes(rows)))

    def peak_rss_mb(self) -> float:
        """See Reader: that of the largest child, as far as it was seen."""
        return self._peak_mb

    def _watch(self, pid: int) -> None:
        self._peak_mb = max(self._peak_mb, peak_rss_mb(pid))


def _run(*arguments: str, watch: Callable[[int], None] = lambda pid: None) -> str:
    command = ["tesseract", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        while True:
            try:
                out, err = child.communicate(timeout=_WATCH_S)
                break
            except subprocess.TimeoutExpired:
                watch(child.pid)
    if child.returncode:
        raise RuntimeError(f"tesseract: exit code {child.returncode}: {err.strip()[-200:]}")
    return out


def _lines(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """The words of each line, in Tesseract's order."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        if row["level"] == "5" and row["text"].strip():
            lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), []).append(row["text"])
    return map(" ".join, lines.values())


def _boxes(rows: Sequence[Mapping[str, str]]) -> Iterator[Polygon]:
    for row in rows:
        if row["level"] == "4":
            left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
            yield box_polygon(left, top, left + width, top + height)


if __name__ == "__main__":
    serve(TesseractReader)
