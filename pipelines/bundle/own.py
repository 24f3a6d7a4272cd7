"""rayocr's own wheel: built from the checkout that it runs from, else of its version from the index."""

from __future__ import annotations

import os
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from actors.errors import ConfigError
from pipelines.bundle.pip import run_pip

NAME = "rayocr"
CONSTRAINTS = "constraints.txt"

_ROOMS = ("rayocr", "pipelines", "actors")
_BESIDE = ("pyproject.toml", "README.md", "LICENSE")
_EPOCH = "315532800"
"""1980-01-01, the first day of zip, is the time of all members: equal sources give equal wheels."""


def checkout() -> Path | None:
    """The checkout that this rayocr runs from (an editable installation does); None if there is none."""
    root = Path(__file__).resolve().parents[2]
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return None
    return root if project == NAME else None


def own_wheel(folder: Path, say: Callable[[str], None]) -> Path:
    """Put rayocr's wheel into an empty folder. Raises ConfigError."""
    root = checkout()
    if root is not None:
        say(f"building rayocr's wheel from {root}")
        _build(root, folder)
    else:
        _download(folder, say)
    return next(folder.glob("rayocr-*.whl"))


def _build(root: Path, folder: Path) -> None:
    """From a copy: setuptools would take files of an earlier build, and leave its own in the checkout."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        for room in _ROOMS:
            shutil.copytree(root / room, Path(scratch) / room, ignore=shutil.ignore_patterns("__pycache__"))
        for name in _BESIDE:
            shutil.copy2(root / name, scratch)
        run_pip(
            ["wheel", "--no-deps", "--wheel-dir", str(folder), scratch],
            "rayocr's own wheel cannot be built.",
            "Check that `pip wheel --no-deps .` works in the checkout; it needs setuptools from your index.",
            {**os.environ, "SOURCE_DATE_EPOCH": _EPOCH},
        )


def _download(folder: Path, say: Callable[[str], None]) -> None:
    try:
        version = metadata.version(NAME)
    except metadata.PackageNotFoundError as error:
        raise ConfigError(
            "rayocr's own wheel cannot be had.",
            "It runs neither from a checkout nor as an installed package.",
            "Run `rayocr bundle` in a checkout (`make install`, then .venv/bin/rayocr).",
        ) from error
    say(f"fetching rayocr's wheel {version} from the index")
    run_pip(
        ["download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder), f"{NAME}=={version}"],
        f"rayocr's own wheel, of version {version}, cannot be had.",
        "Run `rayocr bundle` in a checkout, or put the wheel into a folder and name that in PIP_FIND_LINKS.",
    )
