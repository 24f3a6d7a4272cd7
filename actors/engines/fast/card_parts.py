"""How an engine's cap on a card's memory is divided between its sessions."""

from __future__ import annotations

from collections.abc import Sequence

from actors.engines.fast import classifier, page_classifier

_CARD_WEIGHTS = {"det": 0.5, "rec": 0.4, "page": 0.1, "cls": 0.1}
"""How an engine's cap on device memory is divided between its sessions: by the pixels that each gets at
once on a card (4 million for detection, up to 64 lines of 48×640 for recognition, single lines for the
classifiers). No card has confirmed it; a session for which it is too little gets smaller batches."""

_PARTS = {page_classifier.MODEL: "page", classifier.MODEL: "cls"}


def card_parts(judges: Sequence[str]) -> dict[str, float]:
    """Parts (together 1) of the engine's device memory, by session; `judges`: the models that say how pages
    and lines lie, by name."""
    parts = {"det", "rec", *(_PARTS[name] for name in judges)}
    weights = {name: weight for name, weight in _CARD_WEIGHTS.items() if name in parts}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}
