"""Whether a source is the one that an output was made of, and the refusal of another one that nobody meant.

A source of the same address and name is. One elsewhere is, too, if it moved: every document of the output is
in it, with the same content as far as sizes and a few samples tell. Anything else is another source, which
would put its documents beside the others, or in their place where names are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actors.attached import is_within
from actors.contracts import DocRef
from actors.errors import ConfigError
from actors.schema import SCHEMA_VERSION
from pipelines.card import Card, write_card
from pipelines.sources.origin import Origin

if TYPE_CHECKING:
    from pipelines.config import Config
    from pipelines.held import Held
    from pipelines.ledger import Ledger
    from pipelines.store import Store

_SAMPLES = 3
"""Documents that are read to see if those of equal names and sizes have equal content: the smallest."""
_NAMES = 3


@dataclass(frozen=True, slots=True)
class Overlap:
    """An output against a listing, in documents: those in `both`, by their ids, of which `unlike` have other
    content; keys of those in the output alone and in the source alone. `gone`: how many of the output's this
    source should have and has not."""

    both: int
    unlike: int
    only_output: Sequence[str]
    only_source: Sequence[str]
    gone: int

    @property
    def has_same_names_only(self) -> bool:
        """Whether documents have equal names and, most of them, other content."""
        return self.unlike * 2 > self.both

    def is_moved(self, *, whole: bool) -> bool:
        """Whether it is the output's source at another place. `whole`: all of the source was listed."""
        return bool(self.both) and not self.has_same_names_only and not (whole and self.gone)

    @property
    def is_most_of_it(self) -> bool:
        """Whether most of the output's documents are there: what is meant then is the same source, with less
        in it."""
        return self.both > self.gone

    def describe(self) -> str:
        """The difference in a sentence."""
        unlike = f" ({self.unlike:,} of them with other content)" if self.unlike else ""
        parts = [f"{_documents(self.both)} in both{unlike}"]
        for keys, where in ((self.only_output, "output"), (self.only_source, "source")):
            parts.append(f"{len(keys):,} only in the {where}{_for_example(keys)}")
        return ", ".join(parts)


def settle_source(
    store: Store,
    card: Card,
    ledger: Ledger,
    config: Config,
    refs: Sequence[DocRef],
    say: Callable[[str], None],
    *,
    add: bool = False,
) -> Card:
    """Check that the output was made of this source, and note in its card what is new; returns the card.
    `add`: another source is meant. The caller holds the lock.

    Raises ConfigError for another source, with the difference.
    """
    origin = Origin.of(config.source)
    known = next((one for one in card.sources if one.is_same_place(origin)), None)
    if known is not None:
        return _noted(store, card, tuple(origin if one is known else one for one in card.sources))
    if not ledger.totals.rows:
        return _noted(store, card, (origin,))
    whole = not config.source.limit
    if not card.sources:  # made before sources were remembered
        return _noted(store, card, (origin,)) if whole and not ledger.orphaned(refs) else card
    overlap = overlap_of(store, card, origin, refs, config)
    namesake = next((one for one in card.sources if one.name == origin.name), card.sources[0])
    if overlap.is_moved(whole=whole) or (add and overlap.is_moved(whole=False) and overlap.is_most_of_it):
        say(f"the source was {namesake.path} and is {origin.path} now: {overlap.describe()}")
        if namesake.name != origin.name:  # its documents are there, of whatever run
            return _noted(store, card, (*card.sources, origin))
        return _noted(store, card, tuple(origin if one is namesake else one for one in card.sources))
    if not add or overlap.has_same_names_only:
        raise _refusal(store, namesake.differences(origin), overlap)
    say(f"{origin.path} is added to the sources of the output: {overlap.describe()}")
    return _noted(store, card, (*card.sources, origin))


def overlap_of(store: Store, card: Card, origin: Origin, refs: Sequence[DocRef], config: Config) -> Overlap:
    """The output against a listing of this origin, which reads a few documents."""
    from pipelines.held import held_documents

    held = held_documents(store)
    both = [ref for ref in refs if ref.document_id in held]
    listed = {ref.document_id for ref in refs}
    keys = {ref.key for ref in refs}
    rest = [
        one.key for one in held.values() if one.document_id not in listed and not is_within(one.key, keys)
    ]
    return Overlap(
        both=len(both),
        unlike=_unlike(both, held, config),
        only_output=sorted(rest),
        only_source=sorted(ref.key for ref in refs if ref.document_id not in held),
        gone=sum(origin.owns(key, card.sources) for key in rest),
    )


def _unlike(both: Sequence[DocRef], held: Mapping[str, Held], config: Config) -> int:
    """How many of these documents have other content than the output's. Sizes tell; where they agree and
    versions do not, the smallest are read, and speak for the others."""
    from pipelines.dedup import content_sha256

    same: list[DocRef] = []
    unlike = 0
    for ref in both:
        there = held[ref.document_id]
        if ref.version == there.version:
            continue
        if None not in (ref.size_bytes, there.size_bytes) and ref.size_bytes != there.size_bytes:
            unlike += 1
        elif there.sha256 is not None:
            same.append(ref)
    samples = sorted(same, key=lambda ref: (ref.size_bytes or 0, ref.key))[:_SAMPLES]
    read = [(held[ref.document_id].sha256, content_sha256(ref, config)) for ref in samples]
    answers = [old == new for old, new in read if new is not None]
    return unlike + (len(same) if answers and sum(answers) * 2 < len(answers) else 0)


def _noted(store: Store, card: Card, sources: tuple[Origin, ...]) -> Card:
    if sources == card.sources:
        return card
    card = replace(card, sources=sources, schema_version=SCHEMA_VERSION)  # files were brought to it
    write_card(store, card)
    return card


def _refusal(store: Store, differences: Sequence[str], overlap: Overlap) -> ConfigError:
    if overlap.has_same_names_only:
        remedy = (
            "Take another output.path; or give this source a name (--set source.name=NAME --add-source),"
            " which stands before its keys: without one its documents would take the place of the others."
        )
    else:
        remedy = (
            "Take another output.path; --add-source says that this source is meant, and puts its documents"
            " beside the others."
        )
    return ConfigError(
        f"The output {store.location('')} was made of another source.",
        "; ".join([*differences, overlap.describe()]),
        remedy,
    )


def _documents(count: int) -> str:
    return f"{count:,} document is" if count == 1 else f"{count:,} documents are"


def _for_example(keys: Sequence[str]) -> str:
    if not keys:
        return ""
    more = " ..." if len(keys) > _NAMES else ""
    return f" ({', '.join(keys[:_NAMES])}{more})"
