"""The characters that a recognition model knows, from wherever its files keep them."""

from __future__ import annotations

import json
from pathlib import Path

from actors.errors import ModelError
from actors.models.cache import ModelFiles
from actors.models.catalogue import pair_of
from actors.runtimes.packages import import_onnxruntime


def read_dictionary(files: ModelFiles) -> list[str]:
    """Characters in the order of the model's classes, without blank (the first class) and space (the last),
    which PaddleOCR adds itself. Raises ModelError."""
    dictionary = pair_of(files.model).dictionary
    if dictionary == "metadata":
        return _onnx_characters(files.path("rec.onnx"))
    if dictionary == "inference.yml":
        return _yml_characters(files.path("rec.yml"))
    text = files.path(dictionary).read_text("utf-8")
    if dictionary.endswith(".json"):
        listed: list[str] = json.loads(text)
        return listed
    return split_lines(text)


def split_lines(text: str) -> list[str]:
    """One character a line. Not splitlines(), which takes some of the characters for line ends; and only
    line ends are cut off, since a space of another width is a character."""
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]


def _yml_characters(path: Path) -> list[str]:
    import yaml

    tree = yaml.safe_load(path.read_text("utf-8"))
    try:
        return [str(character) for character in tree["PostProcess"]["character_dict"]]
    except (KeyError, TypeError) as error:
        raise ModelError(
            f"{path.name} carries no dictionary.", "It has no PostProcess.character_dict."
        ) from error


def _onnx_characters(weights: Path) -> list[str]:
    """The metadata key `character` of an ONNX model, which RapidOCR's exports carry."""
    onnxruntime = import_onnxruntime()

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    text = session.get_modelmeta().custom_metadata_map.get("character")
    if not text:
        raise ModelError(f"{weights.name} carries no dictionary.", "Its metadata has no key `character`.")
    return split_lines(text)
