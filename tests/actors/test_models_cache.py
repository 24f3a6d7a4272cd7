"""The cache: fetched once, verified before every use, and nothing else is ever handed out."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from actors.errors import ModelError
from actors.models.cache import TRUSTED, ModelStore, sha256_of
from actors.models.catalogue import CATALOGUE, Hub, Model, Pair
from actors.models.sources import hub
from actors.settings import ModelsConfig
from tests.cli import ROOT
from tests.models import TOY_FILES, toy_folder, toy_model, toy_wheel


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setitem(CATALOGUE, "toy", toy_model())
    return CATALOGUE["toy"]


def store(root: Path, source: Path | str | None = None, offline: bool = False) -> ModelStore:
    return ModelStore(
        ModelsConfig(cache=str(root), source=None if source is None else str(source), offline=offline)
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("form", ["folder", "flat folder", "wheel in a folder", "wheel", "file url"])
def test_a_source_may_be_a_folder_or_a_wheel(tmp_path: Path, form: str) -> None:
    source: Path | str = toy_folder(tmp_path / "source")
    if form == "flat folder":
        source = tmp_path / "source" / "toy"
    elif form == "wheel in a folder":
        source = toy_wheel(tmp_path / "wheels").parent
    elif form == "wheel":
        source = toy_wheel(tmp_path / "wheels")
    elif form == "file url":
        source = f"file://{source}/"
    said: list[str] = []
    files = store(tmp_path / "cache", source).ensure("toy", said.append)
    assert contents(files.folder) == TOY_FILES
    assert files.path("det.onnx").read_bytes() == TOY_FILES["det.onnx"]
    assert [line.split()[0] for line in said] == ["fetching", "model"]
    visible = [path.name for path in (tmp_path / "cache").iterdir() if not path.name.startswith(".")]
    assert visible == ["toy"]
    assert not list((tmp_path / "cache").glob(".fetch-*"))


def test_a_source_may_be_another_filesystem(tmp_path: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    for name, content in TOY_FILES.items():
        memory.pipe(f"/weights/toy/{name}", content)
    files = store(tmp_path, "memory://weights").ensure("toy")
    assert contents(files.folder) == TOY_FILES


def test_what_is_here_is_not_fetched_again(tmp_path: Path) -> None:
    source = toy_folder(tmp_path / "source")
    store(tmp_path / "cache", source).ensure("toy")
    shutil.rmtree(source)
    said: list[str] = []
    store(tmp_path / "cache", source).ensure("toy", said.append)
    assert not said


def test_a_verified_cache_may_be_read_only(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    store(root, toy_folder(tmp_path / "source")).ensure("toy")
    (root / ".toy.lock").unlink()
    root.chmod(0o555)
    try:
        store(root).ensure("toy")
        assert not (root / ".toy.lock").exists()
    finally:
        root.chmod(0o755)


@pytest.mark.parametrize("damage", ["other bytes", "cut off", "gone"])
def test_a_damaged_file_is_never_handed_out(tmp_path: Path, damage: str) -> None:
    source = toy_folder(tmp_path / "source")
    root = tmp_path / "cache"
    file = store(root, source).ensure("toy").path("rec.onnx")
    content = file.read_bytes()
    if damage == "other bytes":
        file.write_bytes(b"R" + content[1:])
    elif damage == "cut off":
        file.write_bytes(content[:-1])
    else:
        file.unlink()
    expected = {
        "other bytes": "rec.onnx has another SHA-256 than the catalogue's",
        "cut off": "rec.onnx has 11,999 bytes instead of 12,000",
        "gone": "rec.onnx is missing",
    }[damage]
    assert store(root).fault("toy") == expected
    with pytest.raises(ModelError) as caught:
        store(root, offline=True).ensure("toy")
    assert expected in caught.value.what
    assert "models.offline" in caught.value.why
    assert caught.value.remedy == f"rayocr models fetch toy --cache {root}"
    assert store(root, source).ensure("toy").path("rec.onnx").read_bytes() == content


def test_a_copy_for_loading_is_verified_too(tmp_path: Path) -> None:
    files = store(tmp_path / "cache", toy_folder(tmp_path / "source")).ensure("toy")
    files.copy("det.onnx", tmp_path / "det.onnx")
    files.path("det.onnx").write_bytes(b"replaced since")
    with pytest.raises(ModelError, match="changed while it was loaded"):
        files.copy("det.onnx", tmp_path / "det.onnx")


@pytest.mark.parametrize("form", ["folder", "wheel"])
def test_a_source_with_other_weights_is_refused(tmp_path: Path, form: str) -> None:
    altered = {"det.onnx": b"detectioN"}
    source = (
        toy_folder(tmp_path / "source", **altered)
        if form == "folder"
        else toy_wheel(tmp_path / "source", **altered)
    )
    with pytest.raises(ModelError) as caught:
        store(tmp_path / "cache", source).ensure("toy")
    assert "det.onnx has another SHA-256" in caught.value.what
    assert not (tmp_path / "cache" / "toy").exists()
    assert not list((tmp_path / "cache").glob(".fetch-*"))


def test_a_source_that_is_not_there_or_holds_something_else(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        store(tmp_path / "cache", tmp_path / "nowhere").ensure("toy")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError) as caught:
        store(tmp_path / "cache", tmp_path / "empty").ensure("toy")
    assert "does not hold the model toy" in caught.value.what
    assert "det.onnx, rec.onnx, characters.txt" in caught.value.why
    assert "toy-ocr==1.0" in caught.value.why


def test_a_wheel_that_is_torn(tmp_path: Path) -> None:
    wheel = toy_wheel(tmp_path / "source")
    wheel.write_bytes(wheel.read_bytes()[:-200])
    with pytest.raises(ModelError, match="does not hold toy"):
        store(tmp_path / "cache", wheel).ensure("toy")


def test_offline_says_how_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        store(tmp_path, offline=True).ensure("toy")
    assert "not fetched yet" in caught.value.what
    assert caught.value.remedy.startswith("rayocr models fetch toy")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(ModelError, match="cannot be written"):
        store(tmp_path / "cache", tmp_path).ensure("toy")


def test_a_cache_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(ModelError, match="cannot be written"):
        store(tmp_path / "cache", toy_folder(tmp_path / "source")).ensure("toy")


def test_what_a_killed_fetch_left_is_swept(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    (root / ".fetch-toy-abc" / "toy").mkdir(parents=True)
    (root / ".fetch-toy2-abc").mkdir()
    store(root, toy_folder(tmp_path / "source")).ensure("toy")
    assert [path.name for path in root.glob(".fetch-*")] == [".fetch-toy2-abc"]


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAYOCR_MODELS", str(tmp_path / "env"))
    assert ModelStore().root == tmp_path / "env"
    assert store(tmp_path / "own").root == tmp_path / "own"
    monkeypatch.delenv("RAYOCR_MODELS")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ModelStore().root == tmp_path / ".cache" / "rayocr" / "models"


def _ensure_in_a_process(arguments: tuple[str, str, float]) -> list[str]:
    root, source, start = arguments
    CATALOGUE["toy"] = toy_model()
    time.sleep(max(0.0, start - time.time()))
    said: list[str] = []
    files = store(Path(root), source).ensure("toy", said.append)
    assert sha256_of(files.path("rec.onnx")) == files.sha256["rec.onnx"]
    return said


def test_four_processes_at_once_fetch_once(tmp_path: Path) -> None:
    source = toy_folder(tmp_path / "source")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(abs, range(4))
        start = time.time() + 1.0
        said = pool.map(
            _ensure_in_a_process, [(str(tmp_path / "cache"), str(source), start)] * 4, chunksize=1
        )
    assert sorted(len(lines) for lines in said) == [0, 0, 0, 2]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip set up for a folder of wheels alone."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_package_comes_from_the_index_that_pip_is_set_up_for(tmp_path: Path, index: Path) -> None:
    toy_wheel(index)
    files = store(tmp_path / "cache").ensure("toy")
    assert contents(files.folder) == TOY_FILES


def test_a_package_with_other_weights_is_refused(tmp_path: Path, index: Path) -> None:
    toy_wheel(index, **{"rec.onnx": b"something else"})
    with pytest.raises(ModelError, match=r"rec\.onnx has 14 bytes instead of 12,000"):
        store(tmp_path / "cache").ensure("toy")


def test_a_package_that_the_index_has_not(tmp_path: Path, index: Path) -> None:
    with pytest.raises(ModelError) as caught:
        store(tmp_path / "cache").ensure("toy")
    assert caught.value.what == "toy-ocr==1.0 could not be fetched."
    assert "ERROR" in caught.value.why
    assert "models.source" in caught.value.remedy


def test_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.models.sources.package.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="cannot be fetched without pip"):
        store(tmp_path / "cache").ensure("toy")


@pytest.fixture
def hub_model(monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model whose checksums nobody knows."""
    model = Model("hubby", "onnx", "none", Hub("hubby_det", "hubby_rec"), Pair("hubby", "inference.yml"))
    monkeypatch.setitem(CATALOGUE, "hubby", model)
    return model


@pytest.fixture
def reachable_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub that gives what is in this folder."""
    for name in ("hubby_det", "hubby_rec"):
        (tmp_path / "hub" / name).mkdir(parents=True)
        (tmp_path / "hub" / name / "inference.onnx").write_bytes(name.encode())
        (tmp_path / "hub" / name / "inference.yml").write_text("Global: {}")
        (tmp_path / "hub" / name / "README.md").write_text("not ours")
    monkeypatch.setattr(hub, "_download", lambda name, scratch: tmp_path / "hub" / name)
    return tmp_path / "hub"


@pytest.mark.usefixtures("hub_model", "reachable_hub")
def test_a_hub_is_not_trusted_without_being_told_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        store(tmp_path / "cache").ensure("hubby")
    assert "--trust-hub" in caught.value.remedy
    assert not store(tmp_path / "cache").is_here("hubby")


@pytest.mark.usefixtures("hub_model")
def test_what_a_trusted_hub_gave_is_verified_ever_after(tmp_path: Path, reachable_hub: Path) -> None:
    root = tmp_path / "cache"
    files = store(root).fetch("hubby", trust_hub=True)
    assert set(files.sha256) == {"det.onnx", "det.yml", "rec.onnx", "rec.yml"}
    assert json.loads((files.folder / TRUSTED).read_text()) == dict(files.sha256)
    assert store(root).ensure("hubby") == files
    files.path("rec.onnx").write_bytes(b"altered")
    assert store(root).fault("hubby") == "rec.onnx has another SHA-256 than the recorded one"
    with pytest.raises(ModelError, match="checksums are not known"):
        store(root).ensure("hubby")
    with pytest.raises(ModelError) as caught:
        store(root, offline=True).ensure("hubby")
    assert "--trust-hub" in caught.value.remedy
    (reachable_hub / "hubby_rec" / "inference.onnx").write_bytes(b"a new release")
    assert store(root).fetch("hubby", trust_hub=True).sha256["rec.onnx"] != files.sha256["rec.onnx"]


@pytest.mark.usefixtures("hub_model", "reachable_hub")
def test_a_trusted_copy_serves_other_machines(tmp_path: Path) -> None:
    origin = store(tmp_path / "origin").fetch("hubby", trust_hub=True)
    other = store(tmp_path / "other", tmp_path / "origin").ensure("hubby")
    assert other.sha256 == origin.sha256
    origin.path("det.onnx").write_bytes(b"altered on the way")
    with pytest.raises(ModelError, match="another SHA-256 than the recorded one"):
        store(tmp_path / "third", tmp_path / "origin").ensure("hubby")
    (origin.folder / TRUSTED).unlink()
    with pytest.raises(ModelError, match="does not hold the model hubby"):
        store(tmp_path / "third", tmp_path / "origin").ensure("hubby")


@pytest.mark.parametrize("record", ["", "[]", "{}", "no json"])
@pytest.mark.usefixtures("hub_model", "reachable_hub")
def test_a_model_without_a_record_is_not_handed_out(tmp_path: Path, record: str) -> None:
    files = store(tmp_path / "cache").fetch("hubby", trust_hub=True)
    (files.folder / TRUSTED).write_text(record)
    assert "missing or empty" in (store(tmp_path / "cache").fault("hubby") or "")


def test_a_hub_out_of_reach_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("paddlex", reason="PaddleX fetches from the hub")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
    started = time.monotonic()
    with pytest.raises(ModelError) as caught:
        store(tmp_path / "cache").fetch("PP-OCRv6_medium", trust_hub=True)
    assert time.monotonic() - started < 60
    assert "could not be fetched from PaddleOCR's hub" in caught.value.what
    assert caught.value.why
    assert "models.source" in caught.value.remedy
    assert not store(tmp_path / "cache").is_here("PP-OCRv6_medium")


def test_the_cache_needs_no_ocr_library(tmp_path: Path) -> None:
    source = toy_folder(tmp_path / "source")
    code = (
        "import sys; from pathlib import Path; from tests.actors import test_models_cache as t\n"
        f"t._ensure_in_a_process(({str(tmp_path / 'cache')!r}, {str(source)!r}, 0.0))\n"
        "assert not {'paddlex', 'paddleocr', 'onnxruntime', 'cv2', 'ray'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_a_link_to_a_damaged_model_is_left_alone(tmp_path: Path) -> None:
    source = toy_folder(tmp_path / "source")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.tex").write_text("years of work")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "toy").symlink_to(elsewhere)
    with pytest.raises(ModelError) as info:
        store(tmp_path / "cache", source).ensure("toy")
    assert "its folder is a link" in info.value.what and str(elsewhere) in info.value.why
    assert [path.name for path in elsewhere.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("actors.models.sources.fetch_into", full)
    with pytest.raises(ModelError) as info:
        store(tmp_path / "cache").ensure("toy")
    assert info.value.what == f"The model cache {tmp_path / 'cache'} is on a disk that is full."
    assert os.strerror(code) in info.value.why


def test_pip_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        "ERROR: Exception:\nTraceback (most recent call last):\nOSError: [Errno 28] No space left on device\n"
    )
    done = subprocess.CompletedProcess([], 2, "", said)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(ModelError) as info:
        store(tmp_path / "cache").ensure("PP-OCRv6_small")
    assert "a disk is full" in info.value.what
    assert "No space left on device" in info.value.why and str(tmp_path / "cache") in info.value.why


def test_a_new_cache_is_for_this_user_alone(tmp_path: Path) -> None:
    store(tmp_path / "new" / "cache", toy_folder(tmp_path / "source")).ensure("toy")
    for folder in (tmp_path / "new", tmp_path / "new" / "cache"):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_recorded_hashes_that_others_may_write_prove_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_model = replace(CATALOGUE["toy"], files=())
    monkeypatch.setitem(CATALOGUE, "toy", hub_model)
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "det.onnx").write_bytes(b"weights")
    (folder / TRUSTED).write_text(json.dumps({"det.onnx": sha256_of(folder / "det.onnx")}))
    assert store(tmp_path).fault("toy") is None
    (folder / TRUSTED).chmod(0o666)
    assert "can be written by others" in str(store(tmp_path).fault("toy"))
