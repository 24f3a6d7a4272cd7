"""One page to look at: what a run wrote of it, or what an engine reads on it now, with its picture."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.contracts import DocRef, Line, Page, Word, document_id
from actors.errors import ERROR_CODES, ConfigError
from actors.notices import ordered
from actors.signatures import published
from pipelines.config import Config
from pipelines.ledger import PAGES
from pipelines.named_address import refuse_named_address
from pipelines.parquet import read_rows_of
from pipelines.rows_file import opened

if TYPE_CHECKING:
    from actors.contracts import Image
    from pipelines.store import Store

_NAMES = ("key", "uri", "document_id")
"""Columns by which a document is called."""

_MOST_NAMES = 10_000
"""Documents among which the nearest name is looked for: it takes a second for so many."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its text, its picture as it was read (H×W×3 uint8 RGB), its lines in reading order, and codes
    of actors.notices."""

    name: str
    text: str
    picture: Image
    lines: tuple[Line, ...]
    notices: tuple[str, ...] = ()


def page_of_output(config: Config, name: str, page_index: int) -> Shown:
    """What the output of `config` holds of a document, called by its key, uri or document_id, or by a path
    from here.

    The picture is made again from the document. Raises ConfigError where there is no such page, where it
    failed, or where the document is no longer what was read.
    """
    from pipelines.store import open_store

    row = _find(open_store(config.output.path, config.output.storage_options), name, page_index)
    if row["status"] == "failed":
        raise ConfigError(
            f"The page {page_index} of {row['key']} failed: {row['error_code']}.",
            str(row["error_message"]),
            _remedy(row["error_code"]),
        )
    made = row["decode"] or {}
    decode = config.decode.model_copy(update={"pdf_dpi": made["dpi"]} if made.get("dpi") else {})
    typed = name if name != row["uri"] == published(name) else None  # a row has no signature to read with
    ref = DocRef(
        row["document_id"], row["key"], row["uri"], row["version"] or "", row["size_bytes"], address=typed
    )
    refuse_named_address(config, name, ref)
    page = _decoded(config.model_copy(update={"decode": decode}), ref, page_index)
    if page.content_sha256 != row["content_sha256"]:
        raise ConfigError(
            f"{row['key']} is no longer what was read.",
            "Its content has changed, so boxes and picture would not fit.",
            "Run again with the same output: changed documents are read anew.",
        )
    picture, lines = _turned(page, row["rotation"] or 0), tuple(map(_line, row["lines"]))
    return Shown(row["key"], row["text"], picture, lines, tuple(row.get("notices") or ()))


def page_of_document(config: Config, name: str, page_index: int) -> Shown:
    """What the engine of `config` reads on a document (a path or URL) now. Raises ConfigError."""
    from actors.engines import build_engine
    from actors.rows import in_order

    address, name = name, published(name)
    page = _decoded(config, DocRef(document_id(name), name, name, "", address=address), page_index)
    image = page.decoded.image
    assert image is not None
    with closing(build_engine(config.engine, config.models)) as engine:
        result = engine.recognize([image])[0]
    if result.fault is not None:
        fault = result.fault
        raise ConfigError(f"{name} could not be read: {fault.code}.", fault.message, _remedy(fault.code))
    text, lines = in_order(result.lines, config.layout)
    notices = ordered({*page.decoded.notices, *result.notices})
    return Shown(name, text, _turned(page, result.rotation), lines, notices)


def _find(store: Store, name: str, page_index: int) -> dict[str, Any]:
    """The row of a page. Raises ConfigError with the nearest name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from pipelines.card import read_card

    names: set[str] = set()
    pages: set[int] = set()
    if read_card(store) is None:
        raise ConfigError(
            f"There is no output of rayocr in {store.location('')}.",
            "It has no rayocr.json.",
            "Check its path.",
        )
    for entry in store.list(PAGES):
        if not entry.path.endswith(".parquet"):
            continue
        with opened(store, entry.path) as file:
            columns = read_rows_of(file, [*_NAMES, "page_index"])
            called = [pc.is_in(columns.column(one), pa.array(_called(name))) for one in _NAMES]
            mask = pc.or_kleene(pc.or_kleene(called[0], called[1]), called[2])
            pages |= set(columns.filter(mask).column("page_index").to_pylist())
            mask = pc.and_kleene(mask, pc.equal(columns.column("page_index"), page_index))
            names |= set(columns.column("key").to_pylist()[: _MOST_NAMES - len(names)])
            if pc.any(mask).as_py():
                rows: pa.Table = read_rows_of(file).filter(mask)
                return dict(rows.slice(0, 1).to_pylist()[0])
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.3)
    raise ConfigError(
        f"The output has no page {page_index} of {name}.",
        f"Its pages are {_listed(pages)}." if pages else "It has no document of that name.",
        "Pages count from 0."
        if pages
        else f"Did you mean {near[0]}?"
        if near
        else "Give a document's `key`.",
    )


def _called(name: str) -> list[str]:
    """The name, and what a file of that name here has as its uri."""
    absolute = os.path.abspath(name)  # noqa: PTH100 - links stay, as in a listing
    return [name, absolute] if Path(name).exists() else [name, published(name)]


def _remedy(code: str) -> str:
    return ERROR_CODES[code].remedy if code in ERROR_CODES else "See docs/errors.md."


def _listed(pages: set[int]) -> str:
    first = ", ".join(map(str, sorted(pages)[:8]))
    return f"{first} ... {max(pages)}" if len(pages) > 8 else first


def _decoded(config: Config, ref: DocRef, page_index: int) -> Page:
    """The page's picture, made from its document. Raises ConfigError."""
    from actors.decoding.child import Decoder
    from actors.documents import read_and_decode

    ref = replace(ref, done_pages=tuple(range(page_index)))  # decoding goes on from there
    decode = config.decode.model_copy(update={"pages": None})  # the page that was named is the one wanted
    with closing(Decoder(decode)) as decoder:
        pages = read_and_decode(ref, decoder, decode, config.source.access())
        page = next(iter(pages), None)
    fault = page.decoded.fault if page else None
    if page is None or page.decoded.page_index != page_index or fault:
        raise ConfigError(
            f"The page {page_index} of {ref.key} cannot be had.",
            f"{fault.code}: {fault.message}" if fault else "The document has fewer pages.",
            _remedy(fault.code) if fault else "Pages count from 0.",
        )
    return page


def _turned(page: Page, rotation: int) -> Image:
    """The picture as the engine turned it; its own memory."""
    import numpy as np

    image = page.decoded.image
    assert image is not None
    turned: Image = np.ascontiguousarray(np.rot90(image, -rotation // 90))
    return turned


def _line(line: Mapping[str, Any]) -> Line:
    words = line["words"]
    return Line(
        line["text"],
        line["score"],
        tuple(line["polygon"]),
        line["block"],
        None if words is None else tuple(Word(word["text"], tuple(word["polygon"])) for word in words),
    )
