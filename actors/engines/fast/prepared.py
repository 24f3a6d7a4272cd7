"""The files that the fast engine loads: a model's own, or graphs changed for it and kept.

{cache}/prepared/{model}-{identity}/det.onnx or rec.onnx    the changed graph
{cache}/prepared/{model}-{identity}/card.json               its SHA-256, and its recipe
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actors.engines.dictionary import read_dictionary
from actors.engines.fast.charset import kept_classes
from actors.errors import ModelError
from actors.models.cache import ModelFiles
from actors.models.keeping import identity_of
from actors.models.keeping import kept as kept_file
from actors.runtimes.contracts import Weights
from actors.runtimes.packages import version_of
from actors.runtimes.surgery import Outputs

Head = Outputs
"""What recognition gives for each step: all scores ("softmax"); all logits, which saves the softmax of steps
that are blank; or the best class and its score ("best", "blocks"), which saves a card the transfer of all
others, and OpenVINO writing them."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recognition model, ready to load. `characters`: of its classes, the blank ("") first.

    `kept`: classes that count, for a model whose graph could not be changed; None for all.
    """

    weights: Weights
    head: Head
    characters: tuple[str, ...]
    kept: tuple[int, ...] | None = None

    @property
    def read_characters(self) -> tuple[str, ...]:
        """Those of the classes that count."""
        return self.characters if self.kept is None else tuple(self.characters[index] for index in self.kept)


def prepare_detection(files: ModelFiles, root: Path) -> Weights:
    """The detection model of a pair, made cheaper (`runtimes/rewriting.py`); see `prepare_recognition`."""
    from actors.runtimes.rewriting import save_rewritten

    weights = _weights(files, "det")
    if weights.format != "onnx":
        return weights

    def make(target: Path) -> None:
        save_rewritten(weights.files[0], target)

    folder, recipe = _folder(root, files, "det"), recipe_of(files, "det")
    return Weights("onnx", (kept_file(folder, "det.onnx", make, recipe),))


def prepare_recognition(files: ModelFiles, charset: str, head: Head, root: Path) -> Prepared:
    """The recognition model with the classes of a charset and the outputs of `head`.

    Made once and kept below `root`, the model cache; checked by SHA-256 whenever it is loaded, and made
    again if it was altered. A model in paddle format keeps its graph. Raises ModelError.
    """
    from actors.runtimes.surgery import prepare

    weights = _weights(files, "rec")
    characters = _classes(files)
    kept = kept_classes(charset, characters)
    if weights.format != "onnx":
        return Prepared(weights, "softmax", characters, tuple(kept) if kept is not None else None)
    left = characters if kept is None else tuple(characters[index] for index in kept)

    def make(target: Path) -> None:
        prepare(weights.files[0], target, kept, head=head)

    folder = _folder(root, files, charset, head)
    graph = kept_file(folder, "rec.onnx", make, recipe_of(files, charset, head))
    return Prepared(Weights("onnx", (graph,)), head, left)


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


def _folder(root: Path, files: ModelFiles, *what: str) -> Path:
    return root / "prepared" / f"{files.model.name}-{identity_of(recipe_of(files, *what))}"


def recipe_of(files: ModelFiles, *what: str) -> dict[str, str]:
    """What a graph is made of and by; `what`: "det", or a charset and a head."""
    from actors.runtimes import rewriting, surgery

    return {
        "model": files.model.name,
        "what": " ".join(what),
        "code": f"{surgery.VERSION}.{rewriting.VERSION}",
        "onnx": version_of("onnx"),
        **{f"sha256 of {name}": digest for name, digest in sorted(files.sha256.items())},
    }
