"""Documents that are attached to others: how they are called, and where their content is.

Such a document has a key and an address that go on from its parent's, `parent.pdf!/name`, and its version is
the parent's with the attachment's place behind it, `version!/3`. So everything that counts documents by key
and version holds for it, and its version says how it is reached.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, replace

from actors.contracts import DocRef, document_id
from actors.signatures import revealed

INSIDE = "!/"
"""Stands between a document and what is attached to it."""

UNSAFE_IN_NAMES = re.compile(
    r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
"""What a name must not have: separators of paths, and what is not seen or turns the order of what is."""

_PATH = re.compile(r"(.*?)((?:!/\d+)+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A PDF or picture within a PDF. `index`: its place among the attachments; `name`: safe to be part of a
    key, and no other one of the same PDF has it."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class Attached:
    """What is attached to a PDF. `unread`: files that are no documents, or too large, or too many."""

    documents: tuple[Attachment, ...] = ()
    unread: int = 0


def attached_ref(parent: DocRef, attachment: Attachment) -> DocRef:
    """An attached document, as if it had been listed. Its size is left open: it is not what is read."""
    key = f"{parent.key}{INSIDE}{attachment.name}"
    named = revealed(key, parent.address)
    return replace(
        parent,
        document_id=document_id(named),
        key=key,
        uri=f"{parent.uri}{INSIDE}{attachment.name}",
        version=f"{parent.version}{INSIDE}{attachment.index}",
        size_bytes=None,
        done_pages=(),
    )


def unknown_ref(parent: DocRef) -> DocRef:
    """What stands for the documents attached to one that cannot be looked into: it is missing."""
    key = f"{parent.key}{INSIDE}"
    named = document_id(revealed(key, parent.address))
    return replace(parent, document_id=named, key=key, version=f"{parent.version}{INSIDE}")


def is_unknown(ref: DocRef) -> bool:
    """Whether `unknown_ref` made it."""
    return ref.key.endswith(INSIDE) and ref.version.endswith(INSIDE)


def is_within(key: str, listed: Container[str]) -> bool:
    """Whether a document of this key is attached to one of the listed keys, at any depth."""
    return any(key[: match.start()] in listed for match in re.finditer(INSIDE, key))


def container_of(ref: DocRef) -> tuple[DocRef, tuple[int, ...]]:
    """The listed document whose bytes hold this one, and the places of the attachments that lead to it: none
    for one that was listed itself."""
    match = _PATH.fullmatch(ref.version)
    if match is None:
        return ref, ()
    path = tuple(int(place) for place in match[2].split(INSIDE)[1:])
    keys, uris = ref.key.rsplit(INSIDE, len(path)), ref.uri.rsplit(INSIDE, len(path))
    if len(keys) != len(path) + 1 or len(uris) != len(path) + 1:
        return ref, ()
    return replace(ref, key=keys[0], uri=uris[0], version=match[1]), path
