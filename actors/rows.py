"""Pages and what an engine found on them, as rows of the public table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actors.contracts import Line, Page, PageResult, Status
from actors.notices import TEXT_IS_THERE, ordered
from actors.schema import page_row_schema
from actors.settings import LayoutConfig

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Recognised:
    """A page, what was found on it, and what that took. `attempts`: how often recognition was started."""

    page: Page
    result: PageResult
    ocr_ms: float = 0.0
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Stamp:
    """What all rows of a run share: the engine's fingerprint, the run's id, and how lines become text."""

    fingerprint: str
    run_id: str
    layout: LayoutConfig = field(default_factory=LayoutConfig)


def rows_table(recognised: Sequence[Recognised], stamp: Stamp) -> pa.Table:
    """The pages as a table of the public schema, in order; `written_at` is filled when it is staged."""
    import pyarrow as pa

    return pa.Table.from_pylist([_row(one, stamp) for one in recognised], schema=page_row_schema())


def page_text(lines: Sequence[Line]) -> str:
    """Lines in order joined by a line break, with a blank line between blocks."""
    parts: list[str] = []
    for index, line in enumerate(lines):
        if index:
            parts.append("\n" if line.block == lines[index - 1].block else "\n\n")
        parts.append(line.text)
    return "".join(parts)


def in_order(found: Sequence[Line], layout: LayoutConfig) -> tuple[str, tuple[Line, ...]]:
    """A page's text and its lines, in the order that is wanted."""
    if layout.order == "engine":
        return page_text(found), tuple(found)
    from actors.layout.arrange import arrange

    arranged = arrange(found)
    return arranged.text, arranged.lines


def _row(one: Recognised, stamp: Stamp) -> dict[str, Any]:
    page, decoded, result = one.page, one.page.decoded, one.result
    fault = decoded.fault or result.fault
    row: dict[str, Any] = {
        "document_id": page.ref.document_id,
        "page_index": decoded.page_index,
        "uri": page.ref.uri,
        "key": page.ref.key,
        "version": page.ref.version,
        "content_sha256": page.content_sha256,
        "page_count": decoded.page_count,
        "format": decoded.format,
        "size_bytes": page.size_bytes if page.size_bytes is not None else page.ref.size_bytes,
        "dpi": decoded.dpi,
        "status": "failed",
        "timings": {"read_ms": page.read_ms, "decode_ms": decoded.decode_ms, "ocr_ms": one.ocr_ms},
        "attempts": one.attempts,
        "fingerprint": stamp.fingerprint,
        "run_id": stamp.run_id,
        "notices": ordered({*decoded.notices, *result.notices}),
        "meta": [{"key": name, "value": value} for name, value in page.ref.meta.items()],
    }
    if decoded.image is not None:
        height, width = decoded.image.shape[:2]
        turned = result.rotation in (90, 270)
        row["width"], row["height"] = (height, width) if turned else (width, height)
        row["rotation"] = result.rotation
    if decoded.info is not None:
        info = decoded.info
        row["decode"] = {"frame": info.frame, "dpi": info.dpi, "scale": info.scale}
    if fault is not None:
        return row | {"error_code": fault.code, "error_message": fault.message}
    return row | _text_columns(result, stamp.layout)


def _text_columns(result: PageResult, layout: LayoutConfig) -> dict[str, Any]:
    text, lines = in_order(result.lines, layout)
    scores = [*(line.score for line in result.lines), *result.dropped]
    return {
        "status": _status(text, result),
        "text": text,
        "lines": [_line(line) for line in lines],
        "mean_score": sum(scores) / len(scores) if scores else None,
        "line_count": len(lines),
        "lines_found": len(scores),
        "lines_kept": len(lines),
        "char_count": sum(not character.isspace() for character in text),
        "text_source": "ocr",
    }


def _status(text: str, result: PageResult) -> Status:
    """Text that was found and not read is no empty page."""
    return "ok" if text.strip() or TEXT_IS_THERE.intersection(result.notices) else "empty"


def _line(line: Line) -> dict[str, Any]:
    words = line.words and [{"text": word.text, "polygon": word.polygon} for word in line.words]
    return {
        "text": line.text,
        "score": line.score,
        "polygon": line.polygon,
        "block": line.block,
        "words": words,
    }
