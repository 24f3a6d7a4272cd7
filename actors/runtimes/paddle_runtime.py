"""Paddle Inference: models in PaddlePaddle's own format, on the CPU with oneDNN, or on an NVIDIA card."""

from __future__ import annotations

import os
import sys
from importlib import metadata, util
from typing import Any

from actors.errors import ConfigError
from actors.runtimes.contracts import Array, Floats, Placement, Weights
from actors.runtimes.memory import allocation_failures

_ONEDNN_SHAPES = 10
"""Input shapes whose oneDNN primitives are kept (PaddleX: mkldnn_cache_capacity)."""

_BROKEN_ONEDNN = ("3.3.0", "3.3.1")
"""Releases whose oneDNN fails on these models (Paddle issue 77340)."""

_FIRST_POOL_MB = 100
"""Device memory taken at once (PaddleX: enable_use_gpu)."""


def card_flags(gpu_memory_mb: int) -> dict[str, str]:
    """Paddle's flags for a process that may take so many MiB of its card.

    `gpu_memory_limit_mb` bounds all that the process allocates; `auto_growth` takes memory as it is needed.
    `fraction_of_gpu_memory_to_use` is the pool of the other strategy, which takes it at once: it bounds
    nothing here. Found in the libraries of 3.2.2; no card has confirmed what they do.
    """
    return {
        "FLAGS_allocator_strategy": "auto_growth",
        "FLAGS_gpu_memory_limit_mb": str(gpu_memory_mb),
    }


def limit_card_memory(gpu_memory_mb: int) -> None:
    """Bound what Paddle takes of the card in this process: it reads the environment when it is imported,
    and is told the limit if it was already."""
    os.environ.update(card_flags(gpu_memory_mb))
    paddle = sys.modules.get("paddle")
    if paddle is not None:
        paddle.set_flags({"FLAGS_gpu_memory_limit_mb": gpu_memory_mb})


class PaddleSession:
    """See Session. Paddle caps no session by itself: see `limit_card_memory`."""

    def __init__(self, weights: Weights, placement: Placement) -> None:
        self._predictor: Any = _predictor(weights, placement)
        self._input = self._predictor.get_input_handle(self._predictor.get_input_names()[0])

    def run(self, batch: Floats) -> tuple[Array, ...]:
        """See Session. Raises MemoryError."""
        with allocation_failures():
            self._input.reshape(batch.shape)
            self._input.copy_from_cpu(batch)
            self._predictor.run()
            names = self._predictor.get_output_names()
            return tuple(self._predictor.get_output_handle(name).copy_to_cpu() for name in names)

    def release(self) -> None:
        """See Session."""
        self._predictor.clear_intermediate_tensor()
        self._predictor.try_shrink_memory()


def load(weights: Weights, placement: Placement) -> PaddleSession:
    """See `actors.runtimes.load`."""
    gpu = placement.device == "gpu"
    if not util.find_spec("paddle"):
        raise ConfigError(
            "PaddlePaddle is not installed.",
            "The model is in paddle format, or engine.runtime is paddle.",
            f"pip install 'rayocr[{'gpu' if gpu else 'paddle'}]'",
        )
    if weights.format != "paddle":
        raise ConfigError(
            f"Paddle Inference cannot execute a model in {weights.format} format.",
            "",
            "Set engine.runtime to auto, or take a model in paddle format (rayocr models list).",
        )
    if placement.precision != "float32":
        raise ConfigError(
            f"Paddle Inference does not compute in {placement.precision} here.",
            "",
            "Set engine.precision to auto.",
        )
    if gpu and placement.gpu_memory_mb is not None:
        limit_card_memory(placement.gpu_memory_mb)
    _check_release(gpu=gpu)
    return PaddleSession(weights, placement)


def _check_release(*, gpu: bool) -> None:
    if gpu:
        import paddle

        if not paddle.is_compiled_with_cuda():
            raise ConfigError(
                "This PaddlePaddle computes on CPUs only.",
                "engine.device is gpu.",
                "pip uninstall paddlepaddle; pip install 'rayocr[gpu]'",
            )
        return
    try:
        version = metadata.version("paddlepaddle")
    except metadata.PackageNotFoundError:
        return  # the package for cards, which computes on the CPU, too
    if version in _BROKEN_ONEDNN:
        raise ConfigError(
            f"PaddlePaddle {version} cannot execute these models on a CPU.",
            "Its oneDNN fails with ConvertPirAttribute2RuntimeAttribute.",
            "pip install 'rayocr[paddle]'   (takes 3.2.2)",
        )


def _predictor(weights: Weights, placement: Placement) -> Any:
    from paddle import inference

    config = inference.Config(*(str(file) for file in weights.files))
    if placement.device == "gpu":
        config.enable_use_gpu(_FIRST_POOL_MB, 0)
    else:
        config.disable_gpu()
        config.enable_mkldnn()
        config.set_mkldnn_cache_capacity(_ONEDNN_SHAPES)
        config.set_cpu_math_library_num_threads(placement.threads)
    config.enable_memory_optim()
    config.disable_glog_info()
    return inference.create_predictor(config)
