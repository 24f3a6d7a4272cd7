"""Weights as PaddleX wants them: a folder a model, with an `inference.yml` beside the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actors.engines.dictionary import read_dictionary
from actors.models.cache import ModelFiles
from actors.models.catalogue import Pair, pair_of

_DECODE = {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}}

_DET: dict[str, Any] = {
    "PreProcess": {
        "transform_ops": [
            _DECODE,
            {"DetResizeForTest": {"resize_long": 960}},
            {
                "NormalizeImage": {
                    "mean": [0.485, 0.456, 0.406],
                    "std": [0.229, 0.224, 0.225],
                    "scale": "1./255.",
                    "order": "hwc",
                }
            },
            {"ToCHWImage": None},
        ]
    },
    "PostProcess": {
        "name": "DBPostProcess",
        "thresh": 0.3,
        "box_thresh": 0.6,
        "max_candidates": 1000,
        "unclip_ratio": 1.5,
    },
}
"""As PaddleOCR's detection models come; size and thresholds are overruled by the pipeline's arguments."""


def write_model_folders(files: ModelFiles, scratch: Path) -> tuple[Path, Path]:
    """Make the folders of detection and recognition in `scratch` and return them. Raises ModelError."""
    pair = pair_of(files.model)
    det = _folder(files, scratch, "det")
    rec = _folder(files, scratch, "rec")
    if pair.dictionary != "inference.yml":
        _write(det, {"Global": {"model_name": f"{pair.family}_det"}, **_DET})
        _write(rec, _rec(pair, read_dictionary(files)))
    return det, rec


def _rec(pair: Pair, characters: list[str]) -> dict[str, Any]:
    return {
        "Global": {"model_name": f"{pair.family}_rec"},
        "PreProcess": {"transform_ops": [_DECODE, {"RecResizeImg": {"image_shape": [3, 48, 320]}}]},
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
    }


def _folder(files: ModelFiles, scratch: Path, part: str) -> Path:
    """Weights under the names that PaddleX looks for; copied, since a link's target may be replaced."""
    folder = scratch / part
    folder.mkdir()
    for name in files.sha256:
        stem, _, suffix = name.partition(".")
        if stem == part:
            files.copy(name, folder / f"inference.{suffix}")
    return folder


def _write(folder: Path, tree: dict[str, Any]) -> None:
    import yaml

    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    (folder / "inference.yml").write_text(text, "utf-8")
