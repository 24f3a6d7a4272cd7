"""The records that flow from stage to stage, and the one protocol of the workers' house.

list ──DocRef──> read + decode ──Page──> recognise ──PageRow──> stage ──Receipt──> publish
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image: TypeAlias = npt.NDArray[np.uint8]
    """A page picture: H×W×3 uint8 RGB, C-contiguous, upright."""
else:
    Image: TypeAlias = Annotated[Any, "H×W×3 uint8"]  # by the mark `actors.codec` knows a picture

Status = Literal["ok", "empty", "failed"]
"""`ok`: has text; `empty`: was read and has none; `failed`: see its error code."""


def document_id(key: str) -> str:
    """First 32 hex digits of the SHA-256 of a document's key (UTF-8)."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class DocRef:
    """One document as its listing gives it: cheap, no content was read.

    `key` is the path relative to the root of its source, `/`-separated and not normalised; `version`
    is what the listing has for free (ETag or generation, `size-mtime_ns` on a disk). `done_pages` are
    the page indexes that the output already holds: they are not recognised again. `uri` is published;
    `address` is where the listed document is read from, if that holds secrets: written and shown nowhere.
    """

    document_id: str
    key: str
    uri: str
    version: str
    size_bytes: int | None = None
    meta: Mapping[str, str] = field(default_factory=dict)
    done_pages: tuple[int, ...] = ()
    address: str | None = field(default=None, repr=False)

    @property
    def location(self) -> str:
        """The address to read a listed document from."""
        return self.address or self.uri


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one page (or one whole document) failed: a code of `actors.errors` and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class DecodeInfo:
    """Enough to decode the same page picture again.

    `frame`: index of the frame or PDF page in the document; `dpi`: resolution a PDF page was rendered
    at, None for images; `scale`: size of the picture over the size the file asked for, 1.0 if equal.
    """

    frame: int
    dpi: float | None = None
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class DecodedPage:
    """One page as the decoder gives it: `image` or `fault`, never both.

    `dpi` is the picture's resolution (what the file says, or what a PDF was rendered at), None where
    unknown. A document that cannot be opened is one DecodedPage: page_index 0, page_count None.
    `notices`: codes of `actors.notices` of what the decoder saw and could not give.
    """

    page_index: int
    page_count: int | None
    format: str | None
    image: Image | None = None
    fault: Fault | None = None
    dpi: float | None = None
    info: DecodeInfo | None = None
    decode_ms: float = 0.0
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A decoded page with the identity of its document: what the recogniser takes."""

    ref: DocRef
    decoded: DecodedPage
    content_sha256: str | None = None
    size_bytes: int | None = None
    read_ms: float = 0.0

    @property
    def identity(self) -> tuple[str, int]:
        """The primary key of the page: (document_id, page_index)."""
        return self.ref.document_id, self.decoded.page_index


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a line; polygon as in Line."""

    text: str
    polygon: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. `score` in 0..1; `polygon` is x1 y1 .. x4 y4 in pixels of the page picture,
    clockwise from the corner where the text begins."""

    text: str
    score: float
    polygon: tuple[float, ...]
    block: int = 0
    words: tuple[Word, ...] | None = None


@dataclass(frozen=True, slots=True)
class PageResult:
    """What an engine found on one page; lines in the engine's order.

    `rotation`: degrees clockwise that the engine turned the picture; polygons are in the turned one.
    `fault` is set, and `lines` empty, where this page alone failed. `notices`: codes of `actors.notices`.
    `dropped`: scores (0..1) of the lines that were found and are not in `lines`, one each; 0 where a line
    was found and nothing was read of it. `took_ms`: the page's own share of the call's time in milliseconds,
    None where the engine cannot tell; no part of what was found.
    """

    lines: tuple[Line, ...] = ()
    rotation: int = 0
    fault: Fault | None = None
    notices: tuple[str, ...] = ()
    dropped: tuple[float, ...] = ()
    took_ms: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine is made of: everything of it that changes results, and where it runs.

    `weights` maps a model's name to the SHA-256 of its weights; `settings` are result-changing options
    as canonical strings. `device` and `threads` change speed alone and are no part of a fingerprint.
    """

    engine: str
    version: str
    runtime: str
    precision: str
    weights: Mapping[str, str]
    settings: Mapping[str, str]
    device: str = "cpu"
    threads: int = 1


class OcrEngine(Protocol):
    """The one protocol of the workers' house. An engine belongs to the process that built it."""

    @property
    def info(self) -> EngineInfo:
        """Names, weights, runtime, precision, device and threads."""
        ...

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        """Read page pictures (H×W×3 uint8 RGB each); same length and order as `pages`."""
        ...

    def release(self) -> None:
        """Give memory back, keep the model."""
        ...

    def close(self) -> None:
        """Give everything back; the engine cannot be used afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a write task says of the whole file it staged; the driver publishes by it.

    `path` is relative to the output's root; `identities_sha256` is over the sorted primary keys.
    """

    path: str
    rows: int
    bytes: int
    ok: int
    empty: int
    failed: int
    identities_sha256: str
    error_codes: Mapping[str, int]
    ocr_ms: float
