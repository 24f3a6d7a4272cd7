"""The reference engine: PaddleOCR 3.7's own pipeline, as its users know it.

Its arithmetic and its scheduling are PaddleOCR's (paddlex/inference/pipelines/ocr/pipeline.py): detection
page by page, recognition in batches of six lines of one page, sorted boxes as they come.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata, util
from pathlib import Path
from typing import Any

from actors.contracts import EngineInfo, Fault, Image, Line, PageResult
from actors.engines.dictionary import read_dictionary
from actors.engines.inference_yml import write_model_folders
from actors.engines.lost_marks import KnownMarks, marks_of
from actors.engines.seen_lines import notices_of
from actors.errors import ConfigError
from actors.models.cache import ModelFiles, ModelStore, expected_hashes
from actors.models.catalogue import Model, find_model, pair_of
from actors.runtimes.memory import is_allocation_failure
from actors.runtimes.onnx_runtime import find_card_libraries
from actors.runtimes.packages import NO_REPORTS, import_onnxruntime
from actors.runtimes.paddle_runtime import limit_card_memory
from actors.settings import EngineConfig, ModelsConfig

_REC_BATCH = 6
"""Lines of one page recognised at once (PaddleX configs/pipelines/OCR.yaml: batch_size)."""

_SESSIONS = 2
"""Detection and recognition, which share its device memory."""

_ENVIRONMENT = {
    "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
    "PADDLE_PDX_DISABLE_DEVICE_FALLBACK": "True",
    "GLOG_minloglevel": "3",
}
"""Read by PaddleX when it is imported (paddlex/utils/flags.py)."""


_DEFAULTS = {
    "det_limit_side": 64.0,
    "det_thresh": 0.3,
    "det_box_thresh": 0.6,
    "det_unclip_ratio": 1.5,
    "rec_score_thresh": 0.0,
}
"""PaddleOCR's own (PaddleX configs/pipelines/OCR.yaml)."""

_NOT_STOCK = (
    "precision",
    "charset",
    "compat",
    "tensorrt",
    "cuda_graphs",
    "det_glyph",
    "rec_squeeze",
    "rec_second_look",
    "page_orientation",
    "line_orientation",
    "words",
)
"""Settings that only the fast engine has."""


@dataclass(frozen=True, slots=True)
class _Extras:
    """Names of the pip extras that bring a runtime."""

    cpu: str
    gpu: str


_EXTRAS = {"onnxruntime": _Extras("cpu", "gpu-onnx"), "paddle": _Extras("paddle", "gpu")}


class StockEngine:
    """See OcrEngine. Not thread-safe, as a PaddleOCR pipeline is not."""

    def __init__(self, config: EngineConfig, models: ModelsConfig, gpu_memory_mb: int | None = None) -> None:
        _check_installed(config)
        files = ModelStore(models).ensure(config.model)
        self._info = describe(config, models)
        self._least_score = _values(config)["rec_score_thresh"]
        self._marks = marks_of(read_dictionary(files))
        # Both runtimes have read the files when they are built: nothing is left behind by a killed process.
        with tempfile.TemporaryDirectory(prefix="rayocr-model-") as scratch, _quiet():
            self._pipeline: Any = _pipeline(config, files, Path(scratch), gpu_memory_mb)

    @property
    def info(self) -> EngineInfo:
        """See OcrEngine."""
        return self._info

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        """See OcrEngine. A page that PaddleOCR cannot read is a result with a fault."""
        with _quiet():
            return [self._timed(page) for page in pages]

    def release(self) -> None:
        """See OcrEngine: PaddleOCR has no way to give memory back and keep the model."""

    def close(self) -> None:
        """See OcrEngine."""
        self._pipeline = None

    def _timed(self, page: Image) -> PageResult:
        began = time.perf_counter()
        return replace(self._read(page), took_ms=(time.perf_counter() - began) * 1000)

    def _read(self, page: Image) -> PageResult:
        import numpy as np

        try:
            found = self._pipeline.predict(np.ascontiguousarray(page[:, :, ::-1]))[0]
        except Exception as error:  # noqa: BLE001 - a library's error on one page belongs to that page
            if is_allocation_failure(error):
                return PageResult(fault=Fault("ocr.out_of_memory", f"PaddleOCR ran out of memory: {error}."))
            return PageResult(fault=Fault("ocr.failed", f"{type(error).__name__}: {error}"))
        return _result(list(_lines(found)), self._least_score, self._marks)


def describe(config: EngineConfig, models: ModelsConfig) -> EngineInfo:
    """See `describe_engine`.

    The runtime's own version is no part of it: releases and processors alike differ in the last bits of
    a score, and a cluster that is brought up to date must be able to go on.
    """
    _check_settings(config)
    model = find_model(config.model)
    runtime = runtime_of(config, model)
    settings = {
        "model": model.name,
        "det_limit_type": config.det_limit_type,
        **{name: f"{value:g}" for name, value in _values(config).items()},
    }
    return EngineInfo(
        engine="stock",
        version=f"{_version('paddleocr')} on PaddleX {_version('paddlex')}",
        runtime=runtime,
        precision="float32",
        weights=expected_hashes(model, ModelStore(models).root / model.name),
        settings=settings,
        device=config.device if config.device != "auto" else "cpu",
        threads=config.threads or 1,
    )


def runtime_of(config: EngineConfig, model: Model) -> str:
    """The runtime that executes the model. Raises ConfigError for one that cannot read its format."""
    pair_of(model)
    needed = "onnxruntime" if model.format == "onnx" else "paddle"
    if config.runtime not in ("auto", needed):
        raise ConfigError(
            f"engine.runtime {config.runtime} cannot execute {model.name}.",
            f"The model is in {model.format} format.",
            f"Set engine.runtime to {needed}, or to auto.",
        )
    return needed


def _values(config: EngineConfig) -> dict[str, float]:
    """Settings of the pipeline, by name; PaddleOCR's own where the configuration leaves them open."""
    values = {name: getattr(config, name) for name in _DEFAULTS}
    return {name: _DEFAULTS[name] if value is None else float(value) for name, value in values.items()}


def _check_settings(config: EngineConfig) -> None:
    for name in _NOT_STOCK:
        if getattr(config, name) != EngineConfig.model_fields[name].default:
            raise ConfigError(
                f"The stock engine knows no engine.{name}.",
                "It is PaddleOCR's own pipeline, as it is.",
                f"Leave engine.{name} out, or set engine.engine to fast.",
            )


def _check_installed(config: EngineConfig) -> None:
    model, gpu = find_model(config.model), config.device == "gpu"
    runtime = runtime_of(config, model)
    extras = _EXTRAS[runtime]
    if not util.find_spec("paddleocr"):
        missing, extra = "PaddleOCR", f"stock,{extras.gpu if gpu else extras.cpu}"
    elif not util.find_spec(runtime):
        missing, extra = f"the runtime {runtime}", extras.gpu if gpu else extras.cpu
    elif gpu and runtime == "onnxruntime" and not _has_cuda_provider():
        missing, extra = "ONNX Runtime for CUDA in place of the one for CPUs", extras.gpu
    else:
        return
    raise ConfigError(
        f"The stock engine needs {missing}, which is not installed.",
        f"It executes {model.name} on the {'GPU' if gpu else 'CPU'}.",
        f"pip install 'rayocr[{extra}]'",
    )


def _has_cuda_provider() -> bool:
    onnxruntime = import_onnxruntime()

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


def _pipeline(config: EngineConfig, files: ModelFiles, scratch: Path, gpu_memory_mb: int | None) -> Any:
    os.environ.update(_ENVIRONMENT | NO_REPORTS)
    runtime, family, values = runtime_of(config, files.model), pair_of(files.model).family, _values(config)
    if runtime == "paddle" and config.device == "gpu" and gpu_memory_mb is not None:
        limit_card_memory(gpu_memory_mb)
    if runtime == "onnxruntime" and config.device == "gpu":
        find_card_libraries()
    det, rec = write_model_folders(files, scratch)
    from paddleocr import PaddleOCR

    for name in ("paddleocr", "paddlex"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return PaddleOCR(
        text_detection_model_name=f"{family}_det",
        text_detection_model_dir=str(det),
        text_recognition_model_name=f"{family}_rec",
        text_recognition_model_dir=str(rec),
        text_det_limit_side_len=int(values["det_limit_side"]),
        text_det_limit_type=config.det_limit_type,
        text_det_thresh=values["det_thresh"],
        text_det_box_thresh=values["det_box_thresh"],
        text_det_unclip_ratio=values["det_unclip_ratio"],
        text_rec_score_thresh=0.0,  # PaddleOCR would not say what it drops: see `_result`
        text_recognition_batch_size=_REC_BATCH,
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=False,
        device="gpu:0" if config.device == "gpu" else "cpu",
        engine=runtime,
        engine_config=_engine_config(runtime, config, gpu_memory_mb),
    )


def _engine_config(runtime: str, config: EngineConfig, gpu_memory_mb: int | None) -> dict[str, Any]:
    threads = config.threads or 1
    if runtime == "paddle":  # capped as a process, by its environment
        return {"cpu_threads": threads}
    options: dict[str, Any] = {"intra_op_num_threads": threads, "inter_op_num_threads": 1}
    if config.device == "gpu" and gpu_memory_mb is not None:
        # PaddleX merges a dict into its first provider, CUDA. The option is in bytes, and each model's own.
        options["provider_options"] = {"gpu_mem_limit": (gpu_memory_mb << 20) // _SESSIONS}
    return options


def _lines(found: Any) -> Iterator[Line]:
    rows = zip(found["rec_texts"], found["rec_scores"], found["rec_polys"], strict=True)
    for text, score, polygon in rows:
        yield Line(str(text), float(score), tuple(float(value) for value in polygon.reshape(-1)))


def _result(found: list[Line], least_score: float, known: KnownMarks) -> PageResult:
    """A page's result, by the rule of PaddleOCR's own threshold; lines of which nothing was read are none."""
    kept = [line for line in found if line.text.strip() and line.score >= least_score]
    dropped = [line for line in found if not line.text.strip() or line.score < least_score]
    return PageResult(
        tuple(kept),
        notices=notices_of(kept, dropped, known),
        dropped=tuple(line.score if line.text.strip() else 0.0 for line in dropped),
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' prints off our stdout, and their warnings to themselves; errors are exceptions."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
