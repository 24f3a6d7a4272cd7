"""Making an int8 model: a person's pages go through the float32 model, and what it saw calibrates the other.

Only convolutions are quantised. On the whole graph it cost half of the accuracy and gained hardly any speed:
the scales of depthwise convolutions and of the attention's products do not fit int8.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from importlib import metadata, util
from pathlib import Path
from sys import stderr
from typing import TYPE_CHECKING, Any, Literal

from actors.engines.fast.detection import Detector
from actors.engines.fast.engine import FastEngine
from actors.engines.fast.int8 import Calibrated, Card
from actors.engines.fast.options import options_of, pace_of
from actors.engines.fast.overlap import same_boxes
from actors.engines.fast.prepared import Head, prepare_detection, prepare_recognition
from actors.engines.fast.views import Scorer
from actors.errors import ConfigError
from actors.models.cache import ModelFiles, ModelStore, sha256_of
from actors.models.catalogue import find_model, pair_of
from actors.runtimes import load
from actors.runtimes.contracts import Array, Floats, Placement, Precision, Weights
from actors.runtimes.packages import import_openvino
from actors.settings import EngineConfig, ModelsConfig

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.runtimes.contracts import Session

    _Run = Callable[[Floats], tuple[Array, ...]]

Part = Literal["det", "rec"]

_HEAD: Head = "logits"
"""Not "blocks", as the engine wants it of OpenVINO otherwise: NNCF would quantise the logits before the
largest is looked for, and one line in four was lost. int8 is mostly used with few classes, where it is no
slower."""

_LEFT_IN_FLOAT = ("MatMul", "Multiply", "Add", "GroupConvolution", "ReduceMean", "Softmax")
"""Operations, as OpenVINO names them, that stay in float32."""

_MOST_LINES = 400
_MOST_PAGES = 32
"""Lines and pages that calibrate at most: about as many as the measured recipe had."""

_PACE = pace_of("openvino", "cpu")

_PACKAGES = ("nncf", "openvino")


@dataclass(frozen=True, slots=True)
class Material:
    """What calibrates: inputs of the recognition model (1×3×H×W float32, each line at its own width), and
    of the detection model (1×3×H×W float32)."""

    lines: tuple[Floats, ...]
    pages: tuple[Floats, ...]


@dataclass(slots=True)
class Meter:
    """CPU seconds of this process that models took, by part."""

    seconds: dict[Part, float] = field(default_factory=lambda: {"det": 0.0, "rec": 0.0})

    def around(self, part: Part, session: Session) -> Session:
        """The session, with its time counted here."""
        return _Watched(session, lambda run, batch: self._timed(part, run, batch))

    def _timed(self, part: Part, run: _Run, batch: Floats) -> tuple[Array, ...]:
        started = time.process_time()
        try:
            return run(batch)
        finally:
            self.seconds[part] += time.process_time() - started


class _Watched:
    """A session whose runs go through `watch`, which is given the run and its batch."""

    def __init__(self, session: Session, watch: Callable[[_Run, Floats], tuple[Array, ...]]) -> None:
        self._session = session
        self._watch = watch

    def run(self, batch: Floats) -> tuple[Array, ...]:
        """See Session."""
        return self._watch(self._session.run, batch)

    def release(self) -> None:
        """See Session."""
        self._session.release()


def check_can_quantise(model: str) -> None:
    """Raises ConfigError if the packages are not installed, or if such a model cannot be quantised."""
    found = find_model(model)
    pair_of(found)
    if found.format != "onnx":
        raise ConfigError(
            f"{model} cannot be quantised: it is in {found.format} format.",
            "OpenVINO, which computes in int8, reads models in onnx format.",
            "Take another model, such as PP-OCRv6_small (`rayocr models list`).",
        )
    missing = [name for name in (*_PACKAGES, "rapidfuzz") if not util.find_spec(name)]
    if missing:
        raise ConfigError(
            f"Making an int8 model needs {' and '.join(missing)}, which cannot be imported.",
            "It is a tool of its own, since reading with an int8 model needs only openvino.",
            "pip install 'rayocr[quantize]'",
        )


def gather(config: EngineConfig, models: ModelsConfig, pages: Sequence[Image]) -> Material:
    """What pages (H×W×3 uint8 RGB) calibrate with: the inputs that both models get for them in the
    shapes that the int8 engine will be given, a fair share of each page."""
    lines: list[Floats] = []
    seen: dict[Part, list[Floats]] = {"det": [], "rec": []}

    def around(part: Part, session: Session) -> Session:
        def noted(run: _Run, batch: Floats) -> tuple[Array, ...]:
            seen[part] += [row[None].copy() for row in batch]
            return run(batch)

        return _Watched(session, noted)

    squeeze = options_of(config.model_copy(update={"precision": "int8"}), _PACE).read.squeeze
    reading = on_openvino(config).model_copy(update={"rec_squeeze": squeeze})
    engine = FastEngine(reading, models, around=around)
    for page in pages:
        seen["rec"] = []
        engine.recognize([page])
        lines += _spread(seen["rec"], max(4, _MOST_LINES // max(1, len(pages))))
    engine.close()
    return Material(tuple(_spread(lines, _MOST_LINES)), tuple(_spread(seen["det"], _MOST_PAGES)))


def quantise(
    config: EngineConfig, models: ModelsConfig, material: Material, target: Path, *, detection: bool
) -> Calibrated:
    """Make an int8 model in the folder `target`, which must not exist. Its card has no report yet."""
    store = ModelStore(models)
    files = store.ensure(config.model)
    prepared = prepare_recognition(files, config.charset, _HEAD, store.root)
    target.mkdir()
    with _quiet():
        _convert(prepared.weights.files[0], material.lines, target / "rec.xml")
        if detection:
            _convert(prepare_detection(files, store.root).files[0], material.pages, target / "det.xml")
    card = Card(
        model=config.model,
        charset=config.charset,
        head=prepared.head,
        characters=prepared.characters,
        sources=_sources(files),
        files={file.name: sha256_of(file) for file in sorted(target.iterdir())},
        versions={name: metadata.version(name) for name in _PACKAGES},
        sample={"lines": len(material.lines), "pages": len(material.pages)},
    )
    return Calibrated(target, card)


def lines_found_again(
    config: EngineConfig, models: ModelsConfig, made: Calibrated, pages: Iterable[Image]
) -> tuple[int, int]:
    """Of the lines that float32 detection finds on pages, how many int8 detection finds, too; and of how
    many. Both work at the same sizes, in OpenVINO."""
    import numpy as np

    quantised = made.detection()
    if quantised is None:
        return 0, 0
    store = ModelStore(models)
    reference = prepare_detection(store.ensure(config.model), store.root)
    plain, small = _detector(config, reference, "float32"), _detector(config, quantised, "int8")
    found = total = 0
    for page in pages:
        turned = [np.ascontiguousarray(page[:, :, ::-1])]
        ours, theirs = ([box.reshape(-1).tolist() for box in one.find(turned)[0]] for one in (plain, small))
        found += len(same_boxes(ours, theirs))
        total += len(ours)
    return found, total


def without_detection(made: Calibrated) -> Calibrated:
    """The same model with detection left in float32."""
    for file in made.folder.glob("det.*"):
        file.unlink()
    files = {name: digest for name, digest in made.card.files.items() if not name.startswith("det.")}
    return Calibrated(made.folder, replace(made.card, files=files))


def _detector(config: EngineConfig, weights: Weights, precision: Precision) -> Detector:
    options = options_of(config, _PACE)
    session = load("openvino", weights, Placement(precision=precision))
    return Detector(Scorer(session, options.det_pixels), options.sides, options.boxes)


def _sources(files: ModelFiles) -> dict[str, str]:
    return {name: digest for name, digest in files.sha256.items() if name.endswith(".onnx")}


def on_openvino(config: EngineConfig) -> EngineConfig:
    """The float32 engine that computes in the shapes of the int8 one."""
    return config.model_copy(update={"runtime": "openvino", "precision": "float32", "threads": 1})


def _spread(items: Sequence[Floats], most: int) -> list[Floats]:
    """At most so many of them, evenly taken; the batches of a page come from narrow to wide."""
    if len(items) <= most:
        return list(items)
    return [items[index * len(items) // most] for index in range(most)]


def _convert(source: Path, items: Sequence[Floats], target: Path) -> None:
    """Weights get 7 of the 8 bits: CPUs without VNNI add products in 16 bits, which overflow with all 8. On
    18 pages on such a CPU the error rate against float32 was 2.0 % instead of 3.1 %, at the same speed."""
    import nncf

    openvino = import_openvino()

    quantised: Any = nncf.quantize(
        openvino.Core().read_model(str(source)),
        nncf.Dataset(items),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(items),
        ignored_scope=nncf.IgnoredScope(types=list(_LEFT_IN_FLOAT), validate=False),
        advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE),
    )
    openvino.save_model(quantised, str(target), compress_to_fp16=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep NNCF's progress bars off stdout; and let it report to nobody: it sends usage data home unless it
    believes to be in CI."""
    os.environ.setdefault("NNCF_CI", "1")
    import_openvino()  # first, since NNCF imports it, too
    import nncf

    nncf.set_log_level(logging.ERROR)
    with redirect_stdout(stderr):
        yield
