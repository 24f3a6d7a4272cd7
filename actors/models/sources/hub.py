"""Weights from PaddleOCR's own hub, through PaddleX, where that is installed and the hub is in reach."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path

from actors.errors import ModelError
from actors.models.catalogue import Hub


def fetch(hub: Hub, folder: Path) -> None:
    """Copy detection and recognition as det.* and rec.*, with their inference.yml. Raises ModelError."""
    for part, name in (("det", hub.det), ("rec", hub.rec)):
        downloaded = _download(name)
        for file in sorted(downloaded.iterdir()):
            if file.is_file() and file.name.startswith("inference."):
                shutil.copyfile(file, folder / f"{part}{file.suffix}")


def _download(name: str) -> Path:
    try:
        from paddlex.inference.utils.official_models import official_models
    except ImportError as error:
        raise ModelError(
            f"{name} comes from PaddleOCR's hub, and PaddleX is not installed.",
            str(error),
            "pip install 'rayocr[stock]'",
        ) from error
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return Path(official_models[name])
    except Exception as error:  # noqa: BLE001 - four hub clients, each with errors of its own
        raise ModelError(
            f"{name} could not be fetched from PaddleOCR's hub.",
            f"{type(error).__name__}: {error}",
            "The hub must be in reach of this machine; or copy a filled model cache and set models.source.",
        ) from error
