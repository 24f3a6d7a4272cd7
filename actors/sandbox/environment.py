"""Which variables a child gets of its parent's environment: an allow-list, so that no key is among them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NEUTRAL = r"LANG|LANGUAGE|LC_[A-Z]+|TZ|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|MALLOC_[A-Z_]+|GLIBC_TUNABLES"
"""Language, time zone, where shared libraries are, and how memory is allocated."""

_DECODER = re.compile(_NEUTRAL)

_ENGINE = re.compile(
    rf"{_NEUTRAL}|HOME|USER|PATH|TMPDIR|XDG_CACHE_HOME|RAYOCR_MODELS"
    r"|(?:CUDA|NVIDIA|CUDNN|CUBLAS|NCCL|TF32|ORT|ONNX|OPENVINO|OV|OMP|KMP|GOMP|MKL|ONEDNN|DNNL|OPENBLAS|NUMEXPR"
    r"|FLAGS|PADDLE|PADDLEX|TRT|TENSORRT|NNCF)_\w+"
)
"""Beside these: which cards there are, how the runtimes compute, and where models and their caches are."""

_SECRET = re.compile(r"(?i)token|secret|passw|credential|api_?key|access_?key|private_?key")
"""Of the families above, what names a secret is left out all the same."""


def decoder_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a decoder gets."""
    return _allowed(environment, _DECODER)


def engine_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What an engine's process gets: its libraries read settings of their own, and write caches."""
    return _allowed(environment, _ENGINE)


def _allowed(environment: Mapping[str, str], allowed: re.Pattern[str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if allowed.fullmatch(name) and not _SECRET.search(name)
    }
