"""Weights from PaddleOCR's own hub, through PaddleX, where that is installed and the hub is in reach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib import util
from pathlib import Path

from actors.errors import ModelError
from actors.models.catalogue import Hub

_TIMEOUT_S = 900.0

_DOWNLOAD = """
import sys
from paddlex.inference.utils.official_models import official_models
path = official_models.get_model_path(sys.argv[1], model_formats=["onnx"])
open(sys.argv[2], "w", encoding="utf-8").write(str(path))
"""
"""PaddleX's own download (paddlex/inference/utils/official_models.py), which knows four hosts and which of
them answers. In a process of its own: it is imported with all four hosts' clients."""


def fetch(hub: Hub, folder: Path) -> None:
    """Fetch detection and recognition as det.* and rec.*, with their inference.yml. Raises ModelError."""
    if not util.find_spec("paddlex"):
        raise ModelError(
            f"{hub.det} comes from PaddleOCR's hub, and PaddleX, which fetches it, is not installed.",
            "",
            "pip install 'rayocr[stock]'",
        )
    for part, name in (("det", hub.det), ("rec", hub.rec)):
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            for file in sorted(_download(name, Path(scratch)).glob("inference.*")):
                shutil.copyfile(file, folder / f"{part}{file.suffix}")


def _download(name: str, scratch: Path) -> Path:
    """Download into `scratch` and not into PaddleX's own cache, where files may be older than the trust."""
    answer = scratch / "path.txt"
    environment = {
        key: value for key, value in os.environ.items() if key != "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"
    }
    environment["PADDLE_PDX_CACHE_HOME"] = str(scratch)
    remedy = (
        "The hub must be in reach of this machine; or copy the model out of the cache of a machine that has "
        "it, and set models.source to where it is."
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", _DOWNLOAD, name, str(answer)],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"Fetching {name} from PaddleOCR's hub took too long.", str(error), remedy
        ) from error
    if done.returncode != 0 or not answer.exists():
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
        raise ModelError(f"{name} could not be fetched from PaddleOCR's hub.", " ".join(last), remedy)
    return Path(answer.read_text("utf-8"))
