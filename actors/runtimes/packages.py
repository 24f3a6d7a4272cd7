"""The packages that execute models, imported so that they report to nobody who uses them."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import Any

NO_REPORTS = {"ORT_DISABLE_TELEMETRY": "1"}
"""With these in the environment ONNX Runtime neither notes nor sends usage data (its Privacy.md)."""


def import_onnxruntime() -> Any:
    """ONNX Runtime. Raises ImportError."""
    for name, value in NO_REPORTS.items():
        os.environ.setdefault(name, value)
    import onnxruntime

    return onnxruntime


def import_openvino() -> Any:
    """OpenVINO, which tells its makers of each import unless the package that does so is missing: for this
    process it is. Raises ImportError."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def version_of(package: str) -> str:
    """The installed version of a package; "none" if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"
