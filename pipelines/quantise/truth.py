"""What pages really say: JSON lines of {"file", "text"}, and of which page of it, where it has several."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors.errors import ConfigError
from pipelines.quantise.sample import SamplePage


class Truth:
    """The known texts. `file` of a row is the end of a document's path, as many folders of it as needed."""

    def __init__(self, files: Sequence[str]) -> None:
        self._by_name: dict[str, list[dict[str, Any]]] = {}
        for file in files:
            for row in _rows(Path(file)):
                self._by_name.setdefault(_name(row["file"]), []).append(row)

    def of(self, page: SamplePage) -> str | None:
        """The text of a page; None if it is not known, or if several rows could be meant."""
        fitting = {
            str(row["text"])
            for row in self._by_name.get(_name(page.uri), [])
            if f"/{page.uri}".endswith(f"/{row['file'].lstrip('/')}") and _is_of(row, page)
        }
        return fitting.pop() if len(fitting) == 1 else None


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _is_of(row: dict[str, Any], page: SamplePage) -> bool:
    """Rows count pages from 1; a row without a number is a whole document, which must have one page."""
    if row.get("page") is None:
        return page.page_count == 1
    return bool(row["page"] == page.page_index + 1)


def _rows(file: Path) -> list[dict[str, Any]]:
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file} cannot be read.", str(error), "Give --truth a file of JSON lines."
        ) from error
    return [_row(file, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _row(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("file", "text")):
        raise ConfigError(
            f"{file}, line {number}, is no known text of a page.",
            'It wants an object with "file" and "text", and "page" (from 1) where a file has several.',
            'For example {"file": "scans/a.png", "text": "TOTAL 12.50"}',
        )
    return row
