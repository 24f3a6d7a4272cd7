"""The pages that calibrate and the pages that are measured: out of a person's own files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from actors.decoding.child import Decoder
from actors.documents import read_and_decode
from actors.errors import ConfigError
from actors.settings import DecodeConfig
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig

if TYPE_CHECKING:
    from actors.contracts import Image

_FEW = 6
"""Pages below which none is held out."""

_HELD_OUT = 3
"""One page in so many is held out."""

_MOST_DOCUMENTS = 100_000
"""Documents of a sample that are looked at."""

_MOST_BYTES = 1 << 30
"""Memory for page pictures; the rest of a sample is left out."""


@dataclass(frozen=True, slots=True)
class SamplePage:
    """A page picture, and where it is from. `page_index` counts from 0."""

    uri: str
    page_index: int
    page_count: int
    image: Image


@dataclass(frozen=True, slots=True)
class Sample:
    """`calibration` and `held_out` are the same pages where there are few; `separate` says so."""

    calibration: tuple[SamplePage, ...]
    held_out: tuple[SamplePage, ...]
    separate: bool


def read_sample(paths: Sequence[str], held_out: Sequence[str], most: int) -> Sample:
    """Read at most `most` pages of files or folders, spread evenly over their documents.

    `held_out`: where the pages to measure on are, at most `most` again; empty to hold back one page in three.
    Raises ConfigError if there are no readable pages.
    """
    pages = _read(paths, most)
    if held_out:
        return Sample(pages, _read(held_out, most), separate=True)
    if len(pages) < _FEW:
        return Sample(pages, pages, separate=False)
    last = _HELD_OUT - 1
    kept = tuple(page for index, page in enumerate(pages) if index % _HELD_OUT != last)
    return Sample(kept, pages[last::_HELD_OUT], separate=True)


def _read(paths: Sequence[str], most: int) -> tuple[SamplePage, ...]:
    refs = _spread(_list(paths), most)
    a_document = math.ceil(most / len(refs))
    decode = DecodeConfig()
    pages: list[SamplePage] = []
    faults: list[str] = []
    room = _MOST_BYTES
    with Decoder(decode) as decoder:
        for ref in refs:
            for page in _pages(ref, decoder, decode, a_document, faults):
                room -= page.image.nbytes
                if len(pages) == most or room < 0:
                    return tuple(pages)
                pages.append(page)
    if not pages:
        raise ConfigError(
            f"None of the {len(refs):,} documents of the sample could be read.",
            faults[0] if faults else "They have no pages.",
            "Give images or PDFs of the kind that will be read: --sample ~/scans",
        )
    return tuple(pages)


def _list(paths: Sequence[str]) -> list[DocRef]:
    listed = (list_documents(SourceConfig(path=path)) for path in paths)
    return list(islice(chain.from_iterable(listed), _MOST_DOCUMENTS))


def _spread(refs: Sequence[DocRef], most: int) -> list[DocRef]:
    if len(refs) <= most:
        return list(refs)
    return [refs[index * len(refs) // most] for index in range(most)]


def _pages(
    ref: DocRef, decoder: Decoder, decode: DecodeConfig, most: int, faults: list[str]
) -> Iterator[SamplePage]:
    """The first pages of a document. A short one is read to its end, since leaving one early costs the
    decoder its process."""
    for taken, page in enumerate(read_and_decode(ref, decoder, decode), 1):
        count = page.decoded.page_count or 1
        if page.decoded.image is not None:
            yield SamplePage(ref.uri, page.decoded.page_index, count, page.decoded.image)
        elif page.decoded.fault is not None:
            faults.append(f"{ref.key}: {page.decoded.fault.message}")
        if taken == most < count:
            return
