"""A document's bytes become page pictures: the format is found by content, and a bad page fails alone."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence

from actors.contracts import DecodedPage, DecodeInfo, Fault
from actors.decoding.document import Document
from actors.decoding.formats import HEAD_BYTES, describe_unknown, sniff
from actors.decoding.limits import is_capped
from actors.errors import PageError
from actors.selection import ALL_PAGES, PageSelection
from actors.settings import DecodeConfig
from actors.shortage import MEMORY, ShortageError, in_words, shortage_of


class OpenedDocument:
    """A document that could be opened. `format`: its name in FORMATS; `page_count`: at least 1; `selected`:
    the indexes of its pages that are wanted, at least one; None: all. `notices`: of the document as a whole;
    the first wanted page carries them."""

    def __init__(
        self, document: Document, format_name: str, open_ms: float, selected: Sequence[int] | None = None
    ) -> None:
        self._document = document
        self._open_ms = open_ms
        self.notices = document.notices
        self.format = format_name
        self.page_count = document.page_count
        self.selected = range(document.page_count) if selected is None else selected

    def pages(self, skip: Collection[int] = ()) -> Iterator[DecodedPage]:
        """The wanted pages in order, without those of `skip`. The first one's time includes the opening."""
        open_ms, self._open_ms = self._open_ms, 0.0
        for index in self.selected:
            if index not in skip:
                yield self._page(index, open_ms)
                open_ms = 0.0

    def close(self) -> None:
        """Give back what the document holds."""
        self._document.close()

    def _page(self, index: int, open_ms: float) -> DecodedPage:
        started = time.perf_counter()
        image = fault = dpi = info = None
        notices: tuple[str, ...] = ()
        try:
            picture = self._document.page(index)
            image, dpi, notices = picture.image, picture.dpi, picture.notices
            info = DecodeInfo(index, picture.rendered_dpi, picture.scale)
        except Exception as error:  # noqa: BLE001 - a bad page must fail alone, whatever its library raises
            fault = fault_of(error)
        return DecodedPage(
            page_index=index,
            page_count=self.page_count,
            format=self.format,
            image=image,
            fault=fault,
            dpi=dpi,
            info=info,
            decode_ms=open_ms + (time.perf_counter() - started) * 1000,
            notices=(self.notices if index == self.selected[0] else ()) + notices,
        )


class CannotOpenError(PageError):
    """A document cannot be opened. `format`: its name in FORMATS, None if it is none of them."""

    def __init__(self, fault: Fault, format_name: str | None) -> None:
        super().__init__(fault.code, fault.message)
        self.format = format_name


def open_document(data: bytes | memoryview, settings: DecodeConfig) -> OpenedDocument:
    """Find the format of a document by its content and open it. Raises CannotOpenError, and
    ShortageError where the machine has too little; nothing else."""
    started = time.perf_counter()
    view = memoryview(data)
    if not view:
        raise CannotOpenError(Fault("read.empty", "the file holds zero bytes"), None)
    head = bytes(view[:HEAD_BYTES])
    found = sniff(head)
    if found is None:
        raise CannotOpenError(Fault("decode.unsupported", describe_unknown(head)), None)
    try:
        document = found.opener()(view, settings)
    except Exception as error:
        raise CannotOpenError(fault_of(error), found.name) from error
    selected = settings.selection.indexes(document.page_count)
    if not selected:
        document.close()
        words = f"decode.pages is {settings.pages}, and the pages of the document are {document.page_count}"
        raise CannotOpenError(Fault("decode.no_such_page", words), found.name)
    return OpenedDocument(document, found.name, (time.perf_counter() - started) * 1000, selected)


def decode_document(
    data: bytes | memoryview, settings: DecodeConfig, skip: Collection[int] = ()
) -> Iterator[DecodedPage]:
    """One DecodedPage for each wanted page in order, without the page indexes of `skip`, in this process.

    A document that cannot be opened is one DecodedPage: page_count None, a fault, and page_index 0 (or
    the first wanted index that is not in `skip`, so that no page that is done gets a second row). Never
    raises for bad content; native code may still crash or hang (see actors.decoding.child). PDFs must be
    decoded by one thread of a process at a time.
    """
    try:
        document = open_document(data, settings)
    except CannotOpenError as error:
        page = first_missing(skip, settings.selection)
        yield DecodedPage(page, page_count=None, format=error.format, fault=error.fault)
        return
    try:
        yield from document.pages(skip)
    finally:
        document.close()


def first_missing(done: Collection[int], selection: PageSelection = ALL_PAGES) -> int:
    """The index under which a document that cannot be opened is reported: 0, or where pages of it are done,
    the first wanted one that is not."""
    return selection.first_missing(done) if done else 0


def fault_of(error: Exception) -> Fault:
    """What a decoder raised, as a fault of the page. Raises ShortageError for what the machine lacks."""
    if isinstance(error, PageError):
        return error.fault
    if isinstance(error, ShortageError):
        raise error
    short = shortage_of(error)
    # decode.memory_limit_mb is the page's own limit; one of the system (ulimit -v) says nothing of the page
    if short is not None and (short is not MEMORY or is_capped()):
        raise short.error(in_words(error)) from error
    if isinstance(error, MemoryError):
        return Fault("decode.too_large", "the page needs more memory than decode.memory_limit_mb allows")
    if type(error).__name__ == "DecompressionBombError":
        return Fault("decode.too_large", str(error))
    return Fault("decode.corrupt", f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
