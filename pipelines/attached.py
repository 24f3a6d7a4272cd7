"""The documents that are attached to documents of the source, as part of what a run has to do.

A listing cannot know them. But a row of their parent says that there are some (`pdf.attached`), so once a
parent was read it is looked into again, and what is attached is listed like any other document. Nothing is
written down: whoever counts source against output, in a run or later, finds the same ones in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from actors.attached import attached_ref, container_of, is_unknown, unknown_ref
from actors.contracts import DocRef
from actors.errors import PageError
from actors.shortage import despite_shortage

if TYPE_CHECKING:
    from actors.decoding.child import Decoder
    from pipelines.config import Config
    from pipelines.ledger import Ledger

MARK = "pdf.attached"
"""The notice of a document whose attachments are documents."""

MOST_DEPTH = 4
"""Documents within documents that are followed."""

MOST_OF_ONE = 1000
"""Documents that are taken out of one listed document, at any depth."""


def with_attached(refs: Sequence[DocRef], ledger: Ledger, config: Config) -> list[DocRef]:
    """The listed documents, and those attached to them as far as the output knows of them."""
    found = list(refs)
    parents = found
    while parents := attached_documents(parents, ledger, config):
        found = [*found, *parents]
    return found


def attached_documents(parents: Sequence[DocRef], ledger: Ledger, config: Config) -> list[DocRef]:
    """The documents that are attached to these, which the output has rows of; one that stands for them where
    a parent cannot be looked into now, so that nobody takes the output for complete."""
    found: list[DocRef] = []
    taken: Counter[str] = Counter()
    with ExitStack() as stack:
        decoder: Decoder | None = None
        for parent in _marked(parents, ledger):
            decoder = decoder or stack.enter_context(_decoder(config))
            listed, path = container_of(parent)
            if len(path) >= MOST_DEPTH:
                continue
            for ref in _attached_to(parent, decoder, config):
                if taken[listed.document_id] < MOST_OF_ONE:
                    taken[listed.document_id] += 1
                    found.append(ref)
    return found


def listed_ones(refs: Sequence[DocRef]) -> list[DocRef]:
    """Those of them that the source has listed."""
    return [ref for ref in refs if not container_of(ref)[1] and not is_unknown(ref)]


def to_recognise(refs: Sequence[DocRef]) -> list[DocRef]:
    """Those of them that can be read: not what stands for others."""
    return [ref for ref in refs if not is_unknown(ref)]


def _decoder(config: Config) -> Decoder:
    from actors.decoding.child import Decoder

    return Decoder(config.decode)


def _marked(parents: Sequence[DocRef], ledger: Ledger) -> Iterator[DocRef]:
    """Those of them with a row that says that documents are attached, each once."""
    last = ""
    for ref, _ in ledger.noticed(parents, MARK):
        if ref.document_id != last:
            last = ref.document_id
            yield ref


def _attached_to(parent: DocRef, decoder: Decoder, config: Config) -> list[DocRef]:
    from actors.read import read_document

    container, path = container_of(parent)
    try:
        data = despite_shortage(lambda: read_document(container, config.decode, config.source.access()))
        attached = decoder.attached(data, path)
    except PageError:
        return [unknown_ref(parent)]
    return [attached_ref(parent, one) for one in attached.documents]
