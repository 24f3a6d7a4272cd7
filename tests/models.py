"""Models for tests: real ones by the normal path, and a toy one that is built on the spot."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from actors.errors import ModelError
from actors.models.cache import ModelFiles, ModelStore
from actors.models.catalogue import DEFAULT_MODEL, Model, ModelFile, Package, Pair

TOY_FILES = {"det.onnx": b"detection", "rec.onnx": b"recognition " * 1000, "characters.txt": b"a\nb\n"}


def require_model(name: str = DEFAULT_MODEL) -> ModelFiles:
    """A model of the catalogue, fetched if it is not here. Skips the test if it cannot be had."""
    try:
        return ModelStore().ensure(name)
    except ModelError as error:
        pytest.skip(f"no model {name}: {error}")


def toy_model(name: str = "toy") -> Model:
    """A catalogue entry of three small files in a package `toy-ocr`."""
    return Model(
        name=name,
        format="onnx",
        licence="none",
        source=Package("toy-ocr==1.0"),
        pair=Pair("toy", "characters.txt"),
        files=tuple(
            ModelFile(file, f"toy_ocr/{file}", len(content), hashlib.sha256(content).hexdigest())
            for file, content in TOY_FILES.items()
        ),
    )


def toy_wheel(folder: Path, **replaced: bytes) -> Path:
    """The wheel of `toy_model`, as an index would serve it; `replaced`: other content, by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / "toy_ocr-1.0-py3-none-any.whl"
    info = "toy_ocr-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in {**TOY_FILES, **replaced}.items():
            archive.writestr(f"toy_ocr/{name}", content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: toy-ocr\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def toy_folder(folder: Path, **replaced: bytes) -> Path:
    """The files of `toy_model` as a cache has them; returns `folder`, which is a models.source."""
    (folder / "toy").mkdir(parents=True, exist_ok=True)
    for name, content in {**TOY_FILES, **replaced}.items():
        (folder / "toy" / name).write_bytes(content)
    return folder
