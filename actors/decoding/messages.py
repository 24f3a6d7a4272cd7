"""What a decoder's child and its parent say to one another, beside documents and pages."""

from __future__ import annotations

from dataclasses import dataclass

from actors.attached import UNSAFE_IN_NAMES, Attached
from actors.codec import Codec
from actors.contracts import DecodedPage, Fault
from actors.decoding.limits import MB
from actors.errors import ERROR_CODES
from actors.notices import NOTICE_CODES
from actors.settings import DecodeConfig
from actors.wire import Bounds, FrameError


@dataclass(frozen=True, slots=True)
class Opened:
    """First message of the child about a document that it could open. `notices`: of the document as a
    whole."""

    page_count: int
    format: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Idle:
    """The child waits for a document: its first message, and the last one about each document.

    Resident memory in MiB, when it was fresh and now.
    """

    fresh_mb: float
    resident_mb: float


@dataclass(frozen=True, slots=True)
class Look:
    """Asks the child into a document instead of for its pages: for the content of the file that the places of
    attachments lead to, or for what is `attached` to it."""

    path: tuple[int, ...]
    attached: bool

    def check(self, message: object) -> None:
        """Raise FrameError for what is not the answer to this."""
        wanted = Attached if self.attached else Content
        if not isinstance(message, wanted | Fault):
            raise FrameError("it is not what was asked for")


@dataclass(frozen=True, slots=True)
class Unconfined:
    """The first message instead of Idle where `decode.sandbox` demands more than there is: `lacking`, in
    words."""

    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file that is attached."""

    data: bytes


CODEC = Codec(Idle, Unconfined, Opened, DecodedPage, Content, Attached, Fault)
"""Every message of a decoder's child."""

_HEAD_BYTES = 4 << 20
"""A page without its picture: a message, notices, or a thousand names of attachments."""


def bounds(settings: DecodeConfig) -> Bounds:
    """What a decoder's message may hold: no picture or file is larger than the decoder's memory."""
    return Bounds(_HEAD_BYTES, settings.memory_limit_mb * MB)


def check(message: object, settings: DecodeConfig) -> None:
    """Raise FrameError for a message that no decoder of ours gives, though its types are right."""
    if isinstance(message, Opened) and not 1 <= message.page_count <= settings.max_pages:
        raise FrameError(f"it says that the document has {message.page_count} pages")
    if isinstance(message, Opened | DecodedPage) and not set(message.notices) <= NOTICE_CODES.keys():
        raise FrameError("it has a notice that is none")
    fault = message.fault if isinstance(message, DecodedPage) else message
    if isinstance(fault, Fault) and fault.code not in ERROR_CODES:
        raise FrameError("it has an error code that is none")
    if isinstance(message, DecodedPage):
        _check_page(message)
    if isinstance(message, Attached):
        _check_attached(message)


def _check_page(page: DecodedPage) -> None:
    if (page.image is None) == (page.fault is None):
        raise FrameError("it is a page with a picture and a fault, or with neither")
    if page.page_count is None and page.fault is None:
        raise FrameError("it is a page of a document that was not opened")


def _check_attached(found: Attached) -> None:
    names = [one.name for one in found.documents]
    places = [one.index for one in found.documents]
    # Names become part of keys, and places part of versions: each is one document's alone.
    if len(set(names)) < len(names) or len(set(places)) < len(places) or min((0, *places)) < 0:
        raise FrameError("it has an attachment twice")
    if any(not name.strip(".") or UNSAFE_IN_NAMES.search(name) for name in names):
        raise FrameError("it has an attachment of a name that is none")
