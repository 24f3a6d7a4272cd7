"""Making an int8 model from a person's own pages: read them, calibrate, measure, report, keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from actors.errors import ConfigError
from actors.settings import EngineConfig, ModelsConfig

if TYPE_CHECKING:
    from actors.engines.fast.int8 import Calibrated
    from actors.engines.fast.quantise import Material
    from pipelines.quantise.measure import Contender
    from pipelines.quantise.report import Detection, Pages, Report
    from pipelines.quantise.sample import Sample
    from pipelines.quantise.truth import Truth

Say = Callable[[str], None]

_LEAST_FOUND = 0.98
"""Share of float32's lines that int8 detection must find to be kept."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to make. `sample`, `held_out` and `truth` are paths (see `read_sample` and `Truth`); `pages`: most
    pages that are taken of a sample; `detection`: whether it is quantised, too."""

    engine: EngineConfig
    models: ModelsConfig
    sample: tuple[str, ...]
    name: str
    held_out: tuple[str, ...] = ()
    truth: tuple[str, ...] = ()
    pages: int = 60
    detection: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """A model that was made and kept, and what was measured of it."""

    name: str
    folder: Path
    report: Report


def quantise(request: Request, say: Say = lambda text: None) -> Made:
    """Make an int8 model, measure it, and keep it in the model cache. Raises ConfigError."""
    from actors.engines import needed_models
    from actors.engines.fast import int8
    from actors.engines.fast.charset import check_names
    from actors.engines.fast.quantise import check_can_quantise
    from actors.models.cache import ModelStore
    from actors.models.catalogue import find_model

    int8.check_name(request.name)
    check_names(request.engine.charset)
    check_can_quantise(request.engine.model)
    store = ModelStore(request.models)
    for name in needed_models(request.engine):
        store.ensure(name, say)
    model = find_model(request.engine.model)
    with int8.making(store.root, model) as scratch:
        made, report = _make(request, scratch / request.name, say)
        card = replace(made.card, report=report.in_card())
        kept = int8.keep(int8.Calibrated(made.folder, card), store.root, model, request.name)
    return Made(kept.name, kept.folder, report)


def _make(request: Request, folder: Path, say: Say) -> tuple[Calibrated, Report]:
    from actors.engines.fast.quantise import quantise as make
    from pipelines.quantise.report import Pages
    from pipelines.quantise.sample import read_sample
    from pipelines.quantise.truth import Truth

    truth = Truth(request.truth)
    say("reading the sample")
    sample = read_sample(request.sample, request.held_out, request.pages)
    say(f"reading {len(sample.calibration)} pages in float32")
    material = _material(request, sample)
    lines = len(material.lines)
    say(f"quantising, calibrated by {lines} lines")
    made = make(request.engine, request.models, material, folder, detection=request.detection)
    del material  # some 300 MB
    made, detection = _judge_detection(request, made, sample)
    say(f"measuring on {len(sample.held_out)} pages, twice")
    pages = Pages(len(sample.calibration), lines, len(sample.held_out), sample.separate)
    return made, _report(request, made, sample, truth, pages, detection)


def _material(request: Request, sample: Sample) -> Material:
    from actors.engines.fast.quantise import gather

    images = [page.image for page in sample.calibration]
    material = gather(request.engine, request.models, images)
    if not material.lines:
        raise ConfigError(
            "There is no text in the sample.",
            f"Detection found no line on {len(images)} pages; lines are what recognition is calibrated by.",
            "Give pages of the kind that will be read: --sample ~/scans",
        )
    return material


def _judge_detection(request: Request, made: Calibrated, sample: Sample) -> tuple[Calibrated, Detection]:
    from actors.engines.fast.quantise import lines_found_again, without_detection
    from pipelines.quantise.report import Detection

    images = [page.image for page in sample.held_out]
    found, total = lines_found_again(request.engine, request.models, made, images)
    kept = request.detection and found >= _LEAST_FOUND * total
    if request.detection and not kept:
        made = without_detection(made)
    return made, Detection(found, total, kept, request.detection)


def _report(
    request: Request, made: Calibrated, sample: Sample, truth: Truth, pages: Pages, detection: Detection
) -> Report:
    from pipelines.quantise.measure import measure
    from pipelines.quantise.report import make_report

    images = [page.image for page in sample.held_out]
    measured = measure(_contenders(request, made), request.models, images)
    return make_report(measured, [truth.of(page) for page in sample.held_out], pages, detection)


def _contenders(request: Request, made: Calibrated) -> dict[str, Contender]:
    """float32; what a run would take by itself, where that is something else; and int8."""
    from actors.engines.fast.describe import choose
    from pipelines.quantise.measure import Contender
    from pipelines.quantise.report import INT8, REFERENCE

    own = request.engine.model_copy(update={"precision": "auto", "runtime": "auto"})
    automatic = choose(own).precision
    precisions = dict.fromkeys((REFERENCE, automatic, INT8))
    return {
        name: Contender(own.model_copy(update={"precision": name}), made if name == INT8 else None)
        for name in precisions
    }
