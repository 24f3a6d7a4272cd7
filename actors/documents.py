"""The stage function of the first stage: a document is read, hashed and decoded, and comes out as pages."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

from actors.access import Access
from actors.attached import container_of
from actors.contracts import DecodedPage, DocRef, Page
from actors.decoding.child import Decoder
from actors.errors import PageError
from actors.read import read_document
from actors.settings import DecodeConfig
from actors.shortage import despite_shortage

_PAUSES_S = (1.0, 2.0)
"""Seconds between tries to read: each of them tries a few times itself."""


def read_and_decode(
    ref: DocRef,
    decoder: Decoder,
    settings: DecodeConfig,
    access: Access | Mapping[str, Any] | None = None,
) -> Iterator[Page]:
    """The pages of one document in order, without `ref.done_pages`. Never raises for what a document is, and
    ShortageError where the machine has too little to read or decode it.

    `read_ms` is whole on the first page given, 0 on the others. A document that cannot be read or opened is
    one Page whose `page_count` is None.
    """
    started = time.perf_counter()
    container, path = container_of(ref)
    try:
        data = despite_shortage(lambda: read_document(container, settings, access), pauses_s=_PAUSES_S)
        if path:
            data = decoder.attachment(data, path)
    except PageError as error:
        if not ref.done_pages:  # of a document that was read before, the pages that lack stay missing
            yield Page(ref, DecodedPage(0, None, None, fault=error.fault), read_ms=_ms_since(started))
        return
    digest = hashlib.sha256(data).hexdigest()
    read_ms = _ms_since(started)
    for decoded in decoder.pages(data, ref.done_pages):
        yield Page(ref, decoded, digest, len(data), read_ms)
        read_ms = 0.0


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
