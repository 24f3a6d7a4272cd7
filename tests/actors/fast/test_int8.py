"""Calibrated models: found by model, charset and name, checked by SHA-256, part of an output's identity."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from actors.engines.fast import int8
from actors.engines.fast.overlap import same_boxes
from actors.engines.fast.quantise import gather, without_detection
from actors.errors import ConfigError, ModelError
from actors.models.catalogue import CATALOGUE
from actors.settings import EngineConfig, ModelsConfig
from tests.models import require_model

MODEL = CATALOGUE["PP-OCRv6_tiny"]
SOURCES = {file.name: file.sha256 for file in MODEL.files if file.name.endswith(".onnx")}


def calibrated(root: Path, name: str = "latin", charset: str = "latin", content: str = "") -> int8.Calibrated:
    """A model with the right card, and files that no runtime would load."""
    with int8.making(root, MODEL) as scratch:
        folder = scratch / name
        folder.mkdir()
        files = {}
        for file in ("det.bin", "det.xml", "rec.bin", "rec.xml"):
            data = f"{file} {content}".encode()
            (folder / file).write_bytes(data)
            files[file] = hashlib.sha256(data).hexdigest()
        card = int8.Card(MODEL.name, charset, "logits", ("", "a", " "), SOURCES, files)
        return int8.keep(int8.Calibrated(folder, card), root, MODEL, name)


def test_without_one_the_error_has_the_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        int8.find(tmp_path, MODEL, "latin", None)
    command = "rayocr models quantize --model PP-OCRv6_tiny --charset latin --sample FOLDER"
    assert caught.value.remedy == f"Make one: {command}"


def test_the_only_one_needs_no_name(tmp_path: Path) -> None:
    made = calibrated(tmp_path)
    assert int8.find(tmp_path, MODEL, "latin", None) == made
    assert int8.find(tmp_path, MODEL, "latin", "latin") == made
    assert made.folder == tmp_path / "int8" / MODEL.name / "latin"
    made.check()


def test_one_for_each_charset_needs_no_name_either(tmp_path: Path) -> None:
    calibrated(tmp_path, "receipts")
    calibrated(tmp_path, "forms", "all")
    assert int8.find(tmp_path, MODEL, "latin", None).name == "receipts"
    assert int8.find(tmp_path, MODEL, "all", None).name == "forms"


def test_several_are_listed(tmp_path: Path) -> None:
    calibrated(tmp_path, "receipts")
    calibrated(tmp_path, "forms")
    with pytest.raises(ConfigError) as caught:
        int8.find(tmp_path, MODEL, "latin", None)
    assert "forms, receipts" in caught.value.why
    assert caught.value.remedy == "Say which: engine.calibration=forms"
    assert int8.find(tmp_path, MODEL, "latin", "receipts").name == "receipts"


def test_another_charset_is_refused(tmp_path: Path) -> None:
    calibrated(tmp_path)
    with pytest.raises(ConfigError, match=r"latin, not for latin\+greek") as caught:
        int8.find(tmp_path, MODEL, "latin+greek", "latin")
    assert "--charset latin+greek" in caught.value.remedy
    with pytest.raises(ConfigError) as caught:
        int8.find(tmp_path, MODEL, "all", None)
    assert "latin (charset latin)" in caught.value.why
    assert "--charset all" in caught.value.remedy


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    calibrated(tmp_path)
    with pytest.raises(ConfigError) as caught:
        int8.find(tmp_path, MODEL, "latin", "receipts")
    assert "has latin" in caught.value.why
    assert caught.value.remedy.endswith("--name receipts")


@pytest.mark.parametrize("name", ["", "A", "a b", "../a", "a/b", ".a", "é", "a" * 65])
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        int8.find(tmp_path, MODEL, "latin", name)


def test_an_altered_or_missing_file_is_refused(tmp_path: Path) -> None:
    made = calibrated(tmp_path)
    (made.folder / "rec.bin").write_bytes(b"rec.bin!")
    with pytest.raises(ModelError, match=r"rec\.bin has another SHA-256") as caught:
        made.check()
    assert "rayocr models quantize" in caught.value.remedy
    (made.folder / "rec.bin").unlink()
    with pytest.raises(ModelError, match=r"rec\.bin is missing"):
        made.check()


@pytest.mark.parametrize("card", ["", "{}", "[]", '{"model": 1}', None])
def test_a_card_that_cannot_be_read(tmp_path: Path, card: str | None) -> None:
    path = calibrated(tmp_path).folder / int8.CARD
    path.unlink() if card is None else path.write_text(card)
    with pytest.raises(ModelError, match="no card that can be read"):
        int8.find(tmp_path, MODEL, "latin", None)


@pytest.mark.parametrize("version", [None, 1, 99])
def test_made_by_another_release(tmp_path: Path, version: int | None) -> None:
    path = calibrated(tmp_path).folder / int8.CARD
    told = json.loads(path.read_text()) | {"version": version}
    if version is None:
        del told["version"]
    path.write_text(json.dumps(told))
    with pytest.raises(ModelError, match="made by another release") as caught:
        int8.find(tmp_path, MODEL, "latin", None)
    assert caught.value.remedy.startswith("Make it again: rayocr models quantize")


def test_made_from_other_weights(tmp_path: Path) -> None:
    path = calibrated(tmp_path).folder / int8.CARD
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sources": {"rec.onnx": "0" * 64}}))
    with pytest.raises(ModelError, match="other weights"):
        int8.find(tmp_path, MODEL, "latin", None)


def test_a_new_one_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    old = calibrated(tmp_path)
    new = calibrated(tmp_path, content="new")
    found = int8.find(tmp_path, MODEL, "latin", None)
    found.check()
    assert found.hashes == new.hashes != old.hashes
    assert int8.names(tmp_path, MODEL) == ["latin"]
    left = [entry.name for entry in found.folder.parent.iterdir() if entry.is_dir()]
    assert left == ["latin"]


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), int8.making(tmp_path, MODEL) as scratch:
        (scratch / "latin").mkdir()
        raise RuntimeError
    assert int8.names(tmp_path, MODEL) == []
    assert list((tmp_path / "int8" / MODEL.name).iterdir()) == []


def test_detection_may_be_left_out(tmp_path: Path) -> None:
    made = calibrated(tmp_path)
    assert made.detection() is not None
    left = without_detection(made)
    assert left.detection() is None
    assert sorted(left.card.files) == ["rec.bin", "rec.xml"]
    assert not (made.folder / "det.xml").exists()
    left.check()


def test_outputs_of_two_calibrations_never_mix(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    from actors.engines import describe_engine
    from actors.engines.fingerprint import fingerprint, settings_in_clear
    from actors.settings import DecodeConfig, LayoutConfig

    def identity(name: str | None) -> str:
        config = EngineConfig(model=MODEL.name, charset="latin", precision="int8", calibration=name)
        info = describe_engine(config, ModelsConfig(cache=str(tmp_path)))
        assert info.runtime == "openvino"
        return fingerprint(settings_in_clear(info, DecodeConfig(), LayoutConfig()))

    calibrated(tmp_path, "one")
    assert identity(None) == identity("one")
    calibrated(tmp_path, "copy")
    calibrated(tmp_path, "other", content="other")
    assert identity("copy") == identity("one") != identity("other")


def test_same_boxes() -> None:
    def box(left: float, top: float) -> list[float]:
        return [left, top, left + 10, top, left + 10, top + 10, left, top + 10]

    ours = [box(0, 0), box(100, 0), box(200, 0)]
    theirs = [box(202, 0), box(100, 6), box(1, 0), box(0, 0)]
    assert sorted(same_boxes(ours, theirs)) == [(0, 3), (2, 0)]
    assert same_boxes([], theirs) == same_boxes(ours, []) == []


def written(*lines: str) -> np.ndarray:
    sheet = Image.new("RGB", (420, 40 * len(lines) + 40), (255, 255, 255))
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((20, 20 + 40 * number), line, fill=(0, 0, 0), font=ImageFont.load_default(24))
    return np.asarray(sheet)


@pytest.mark.models
def test_what_calibrates_is_lines_with_writing() -> None:
    """Page by page there are few lines of each width: batches must not be made up with empty ones."""
    pytest.importorskip("openvino")
    require_model(MODEL.name)
    found = gather(EngineConfig(model=MODEL.name), ModelsConfig(), [written("Harbour Lane 28", "TOTAL", "7")])
    assert len(found.pages) == 1
    assert len(found.lines) >= 3
    assert {line.shape[:2] for line in found.lines} == {(1, 3)}
    assert all(line.shape[2] == (48 if line.shape[3] < 192 else 44) for line in found.lines)
    assert all(line.std() > 0 for line in found.lines)


@pytest.mark.models
def test_lines_calibrate_at_the_width_that_int8_will_read_them_at() -> None:
    pytest.importorskip("openvino")
    require_model(MODEL.name)
    page = written("Harbour Lane 28 and the long way back to the station")
    config = EngineConfig(model=MODEL.name, rec_second_look=0)

    def widest(**settings: float) -> int:
        lines = gather(config.model_copy(update=settings), ModelsConfig(), [page]).lines
        return max(line.shape[3] for line in lines)

    assert widest() == widest(rec_squeeze=0.8) > widest(rec_squeeze=0.6)


@pytest.mark.models
@pytest.mark.slow
def test_the_engine_loads_the_calibrated_pair(tmp_path: Path) -> None:
    """The pair is only converted here, not quantised: that needs packages that few have."""
    openvino = pytest.importorskip("openvino")
    pytest.importorskip("onnxruntime")
    from actors.engines import build_engine
    from actors.engines.fast.prepared import prepare_recognition

    files = require_model(MODEL.name)
    (tmp_path / MODEL.name).symlink_to(files.folder)
    prepared = prepare_recognition(files, "latin", "logits", tmp_path)
    with int8.making(tmp_path, MODEL) as scratch:
        folder = scratch / "latin"
        folder.mkdir()
        for part, source in (("det", files.path("det.onnx")), ("rec", prepared.weights.files[0])):
            openvino.save_model(openvino.convert_model(source), str(folder / f"{part}.xml"))
        hashes = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
        card = int8.Card(MODEL.name, "latin", "logits", prepared.characters, SOURCES, hashes)
        made = int8.keep(int8.Calibrated(folder, card), tmp_path, MODEL, "latin")

    models = ModelsConfig(cache=str(tmp_path), offline=True)
    config = EngineConfig(
        model=MODEL.name, charset="latin", precision="int8", threads=1, page_orientation=False
    )
    page = written("Harbour Lane 28", "TOTAL 1234.56")
    texts = {}
    for name, changed in (("int8", config), ("float32", config.model_copy(update={"precision": "float32"}))):
        engine = build_engine(changed, models)
        texts[name] = [line.text for line in engine.recognize([page])[0].lines]
        engine.close()
    assert texts["int8"] == texts["float32"] == ["Harbour Lane 28", "TOTAL 1234.56"]

    plain = without_detection(made)
    int8._write_card(plain)
    engine = build_engine(config, models)
    assert [line.text for line in engine.recognize([page])[0].lines] == texts["float32"]
    assert set(plain.hashes) < set(engine.info.weights)
    engine.close()

    (made.folder / "rec.xml").write_text("<net/>")
    with pytest.raises(ModelError, match="SHA-256"):
        build_engine(config, models)
