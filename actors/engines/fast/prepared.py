"""The files that the fast engine loads: a model's own, or a recognition model changed for it and kept.

{cache}/prepared/{model}-{identity}/rec.onnx         the changed graph
{cache}/prepared/{model}-{identity}/card.json        its SHA-256, and the classes' characters
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actors.engines.dictionary import read_dictionary
from actors.engines.fast.charset import kept_classes
from actors.errors import ModelError
from actors.models.cache import ModelFiles, sha256_of
from actors.runtimes.contracts import Weights
from actors.runtimes.surgery import Outputs

Head = Outputs
"""What recognition gives for each step: all scores ("softmax"); all logits, which saves the softmax of steps
that are blank; or the best class and its score ("best", "blocks"), which saves a card the transfer of all
others, and OpenVINO writing them."""

_CARD = "card.json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recognition model, ready to load. `characters`: of its classes, the blank ("") first.

    `kept`: classes that count, for a model whose graph could not be changed; None for all.
    """

    weights: Weights
    head: Head
    characters: tuple[str, ...]
    kept: tuple[int, ...] | None = None


def detection_weights(files: ModelFiles) -> Weights:
    """The detection model of a pair, as it came."""
    return _weights(files, "det")


def prepare_recognition(files: ModelFiles, charset: str, head: Head, root: Path) -> Prepared:
    """The recognition model with the classes of a charset and the outputs of `head`.

    Made once and kept below `root`, the model cache; checked by SHA-256 whenever it is loaded, and made
    again if it was altered. A model in paddle format keeps its graph. Raises ModelError.
    """
    weights = _weights(files, "rec")
    if weights.format != "onnx":
        characters = _classes(files)
        kept = kept_classes(charset, characters)
        return Prepared(weights, "softmax", characters, tuple(kept) if kept is not None else None)
    folder = root / "prepared" / f"{files.model.name}-{_identity(files, charset, head)}"
    characters = _load(folder) or _make(files, charset, head, folder)
    return Prepared(Weights("onnx", (folder / "rec.onnx",)), head, characters)


def _classes(files: ModelFiles) -> tuple[str, ...]:
    return ("", *read_dictionary(files), " ")


def _weights(files: ModelFiles, part: str) -> Weights:
    names = [name for name in files.sha256 if name.partition(".")[0] == part]
    if f"{part}.onnx" in names:
        return Weights("onnx", (files.path(f"{part}.onnx"),))
    graphs = [name for name in names if name.endswith((".pdmodel", ".json"))]
    if not graphs or f"{part}.pdiparams" not in names:
        raise ModelError(
            f"The model {files.model.name} has no {part} files that a runtime can load.",
            f"It has {', '.join(sorted(files.sha256))}.",
            "rayocr models list",
        )
    return Weights("paddle", (files.path(graphs[0]), files.path(f"{part}.pdiparams")))


def _identity(files: ModelFiles, charset: str, head: Head) -> str:
    from actors.runtimes.surgery import VERSION

    parts = [
        str(VERSION),
        charset,
        head,
        *(f"{name}={digest}" for name, digest in sorted(files.sha256.items())),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _load(folder: Path) -> tuple[str, ...] | None:
    """The characters of a kept model that is what its card says; None if it must be made."""
    try:
        card = json.loads((folder / _CARD).read_text("utf-8"))
        if sha256_of(folder / "rec.onnx") != card["sha256"]:
            return None
        return tuple(map(str, card["characters"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _make(files: ModelFiles, charset: str, head: Head, folder: Path) -> tuple[str, ...]:
    from filelock import FileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        made_meanwhile = _load(folder)
        if made_meanwhile is not None:
            return made_meanwhile
        return _make_locked(files, charset, head, folder)


def _make_locked(files: ModelFiles, charset: str, head: Head, folder: Path) -> tuple[str, ...]:
    from actors.runtimes.surgery import prepare

    characters = _classes(files)
    kept = kept_classes(charset, characters)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        prepare(files.path("rec.onnx"), made / "rec.onnx", kept, head=head)
        left = characters if kept is None else tuple(characters[index] for index in kept)
        _write_card(made, left)
        if folder.exists():
            folder.rename(Path(scratch) / "altered")
        made.rename(folder)
    return left


def _write_card(folder: Path, characters: Sequence[str]) -> None:
    card = {"sha256": sha256_of(folder / "rec.onnx"), "characters": list(characters)}
    (folder / _CARD).write_text(json.dumps(card, ensure_ascii=False), "utf-8")
