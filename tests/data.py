"""Where the labelled and hostile documents are: outside the project, named by RAYOCR_DATA."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def data_dir() -> Path:
    """`$RAYOCR_DATA`, or `shared/data` beside the project's folder. May not exist."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("RAYOCR_DATA") or default)


def require_data(part: str = "") -> Path:
    """The data folder, or its part of that name. Skips the test (or, at import, the module) without it."""
    folder = data_dir() / part
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}: set RAYOCR_DATA to the labelled data", allow_module_level=True)
    return folder
