"""What the fast engine is for a configuration: its runtime, and all that its results depend on.

The driver asks, so nothing here loads a model or an OCR library.
"""

from __future__ import annotations

from typing import Literal

from actors.contracts import EngineInfo
from actors.engines.fast import classifier, int8, page_classifier
from actors.engines.fast.charset import check_names
from actors.engines.fast.options import FastOptions, Pace, options_of, pace_of
from actors.engines.fast.packing import HEIGHT, TRIMMED, TRIMMED_FROM
from actors.models.cache import ModelStore, expected_hashes
from actors.models.catalogue import find_model, pair_of
from actors.runtimes.choose import RuntimeChoice, choose_runtime, this_host
from actors.settings import EngineConfig, ModelsConfig

VERSION = "8"
"""Raised whenever the engine's own steps give other results: outputs made before are then not mixed with."""


def page_judge(config: EngineConfig) -> str | None:
    """The runtime of the page classifier, None where there is none: pages are not turned, or the engine's
    models are in paddle format and nothing is installed that takes the classifier."""
    if not config.turns_pages:
        return None
    return page_classifier.runtime_of(choose(config).runtime, this_host().runtimes)


def judges(config: EngineConfig) -> tuple[str, ...]:
    """Names in the catalogue of the models that say how pages and lines lie."""
    page = (page_classifier.MODEL,) if page_judge(config) else ()
    return (*page, classifier.MODEL) if config.line_orientation else page


def describe(
    config: EngineConfig,
    models: ModelsConfig,
    calibrated: int8.Calibrated | None = None,
    pace: Pace | None = None,
) -> EngineInfo:
    """See `describe_engine`. The runtime's release is no part of it, as with stock. `pace`: None for what
    suits the device."""
    model = find_model(config.model)
    pair_of(model)
    check_names(config.charset)
    choice = choose(config)
    device = device_of(config)
    options = options_of(config, pace or pace_of(choice.runtime, device))
    root = ModelStore(models).root
    weights = expected_hashes(model, root / model.name)
    if choice.precision.startswith("int8"):
        weights |= (calibrated or int8.find(root, model, config.charset, config.calibration)).hashes
    for judge in map(find_model, judges(config)):
        weights |= {
            f"{judge.name}/{name}": digest
            for name, digest in expected_hashes(judge, root / judge.name).items()
        }
    return EngineInfo(
        engine="fast",
        version=VERSION,
        runtime=choice.runtime,
        precision=choice.precision,
        weights=weights,
        settings={"model": model.name, "charset": config.charset, **_in_clear(options), **_extras(config)},
        device=device,
        threads=config.threads or 1,
    )


def choose(config: EngineConfig) -> RuntimeChoice:
    """Runtime and precision for a configuration on this machine. Raises ConfigError."""
    model = find_model(config.model)
    return choose_runtime(
        this_host(),
        model.format,
        device_of(config),
        config.runtime,
        config.precision,
        tensorrt=config.tensorrt,
        reads_in_float16=model.reads_in_float16,
        cuda_graphs=config.cuda_graphs,
    )


def device_of(config: EngineConfig) -> Literal["cpu", "gpu"]:
    """Where the engine computes: `auto` that nobody has decided (`actors.device`) is the CPU."""
    return "gpu" if config.device == "gpu" else "cpu"


def _in_clear(options: FastOptions) -> dict[str, str]:
    read, boxes = options.read, options.boxes
    return {
        "compat": str(options.compat).lower(),
        "det_sides": repr(options.sides),
        "det_thresh": f"{boxes.thresh:g}",
        "det_box_thresh": f"{boxes.box_thresh:g}",
        "det_unclip_ratio": f"{boxes.unclip_ratio:g}",
        "rec_squeeze": f"{read.squeeze:g}",
        "rec_second_look": f"{read.second_look:g}",
        "rec_tightened": str(read.tighten).lower(),
        "rec_doubt": repr(read.doubt),
        "rec_rows": f"{TRIMMED} from {TRIMMED_FROM}" if read.trim else str(HEIGHT),
        "rec_widths": "stock" if options.compat else "4 an octave",
        "rec_scores": repr(options.scores),
    }


def _extras(config: EngineConfig) -> dict[str, str]:
    """What can be off, where it is on."""
    found = {name: "true" for name in ("line_orientation", "words") if getattr(config, name)}
    if config.turns_pages:
        found["page_orientation"] = "true" if page_judge(config) else "without a classifier"
    return found
