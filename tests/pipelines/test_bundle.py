"""Bundles: cutting and joining, what an installer refuses, wheels for another Python, where one may go."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from actors.engines.fast import page_classifier
from actors.errors import ConfigError
from actors.models.cache import ModelStore
from actors.models.catalogue import CATALOGUE
from actors.settings import ModelsConfig
from pipelines.bundle import Request, collect, install, make_bundle, own
from pipelines.bundle.install import (
    INSTALLER,
    MANIFEST,
    Entry,
    Environment,
    Joined,
    Machine,
    Manifest,
    RefusedError,
)
from pipelines.bundle.manifest import write_manifest
from pipelines.bundle.parts import PartWriter, check_size, entries_of, part_name, write_parts
from pipelines.bundle.place import BUNDLE, check_place, placing
from pipelines.bundle.target import make_target
from pipelines.bundle.wheels import closure, read_wheel
from tests.models import toy_folder, toy_model

HERE = "{}.{}".format(*sys.version_info[:2])
OTHER = next(python for python in ("3.12", "3.11") if python != HERE)


def contents(count: int = 3) -> dict[str, bytes]:
    noise = random.Random(1)
    return {f"wheels/{number}.whl": noise.randbytes(700 * number) for number in range(count)}


def files_in(folder: Path, named: dict[str, bytes]) -> list[tuple[str, Path]]:
    files = []
    for name, content in named.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        files.append((name, path))
    return files


def bundle(folder: Path, named: dict[str, bytes] | None = None, size: int = 1000) -> Manifest:
    """A bundle of small files, with its manifest and the installer, in `folder`."""
    source = folder.parent / "source"
    files = files_in(source, contents() if named is None else named)
    folder.mkdir(exist_ok=True)
    manifest = Manifest(
        rayocr="0.1.0",
        python=HERE,
        platform="linux_x86_64",
        machine=os.uname().machine,
        glibc=(2, 5),
        extras=("cpu",),
        requirements=("rayocr[cpu]==0.1.0",),
        models=("toy",),
        installed_bytes=1,
        files=entries_of(files),
        parts=write_parts(files, folder, size),
    )
    write_manifest(manifest, folder)
    (folder / INSTALLER).write_bytes(Path(install.__file__).read_bytes())
    return manifest


def run_installer(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / INSTALLER), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder.parent, timeout=60)


# --- parts -----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(st.binary(max_size=300), max_size=12), size=st.integers(1, 400), room=st.integers(1, 500)
)
def test_what_was_cut_is_joined(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], size: int, room: int
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    with PartWriter(folder, size) as writer:
        for piece in pieces:
            assert writer.write(piece) == len(piece)
    whole = b"".join(pieces)
    assert [part.bytes for part in writer.parts[:-1]] == [size] * (len(writer.parts) - 1)
    assert sum(part.bytes for part in writer.parts) == len(whole)
    assert [part.name for part in writer.parts] == sorted(path.name for path in folder.iterdir())
    assert install.faults(folder, writer.parts) == []
    with Joined(folder / part.name for part in writer.parts) as joined:
        assert b"".join(iter(lambda: joined.read(room), b"")) == whole


@settings(max_examples=25, deadline=None)
@given(
    named=st.dictionaries(st.from_regex(r"wheels/[a-z]{1,120}", fullmatch=True), st.binary()),
    size=st.integers(500, 9000),
)
def test_files_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, named: dict[str, bytes], size: int
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    manifest = bundle(folder / "out", named, size)
    assert Manifest.read(folder / "out") == manifest
    (folder / "unpacked").mkdir()
    install.unpack(folder / "out", manifest, folder / "unpacked")
    assert {name: (folder / "unpacked" / name).read_bytes() for name in named} == named


def test_the_same_files_give_the_same_parts(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    first = bundle(tmp_path / "a" / "out")
    for path in (tmp_path / "a" / "source").rglob("*.whl"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    second = bundle(tmp_path / "a" / "again", dict(reversed(contents().items())))
    assert second == first
    assert (tmp_path / "a" / "again" / MANIFEST).read_bytes() == (
        tmp_path / "a" / "out" / MANIFEST
    ).read_bytes()


def test_parts_can_be_unpacked_without_the_installer(tmp_path: Path) -> None:
    manifest = bundle(tmp_path / "out")
    whole = b"".join((tmp_path / "out" / part.name).read_bytes() for part in manifest.parts)
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        assert archive.getnames() == [entry.name for entry in manifest.files]
        assert {(member.mtime, member.uid, member.uname) for member in archive} == {(0, 0, "")}


def test_parts_that_are_too_small_to_be_counted() -> None:
    entries = [Entry("wheels/a.whl", 5_000_000_000, "")]
    check_size(entries, 60_000_000)
    with pytest.raises(ConfigError) as caught:
        check_size(entries, 2_000_000)
    assert caught.value.remedy == "--parts 6M, or more"
    check_size(entries, 6_000_000)


# --- what an installer refuses ---------------------------------------------------------------


def test_each_part_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    manifest = bundle(tmp_path / "out")
    assert len(manifest.parts) > 3
    (tmp_path / "out" / part_name(1)).unlink()
    damaged = tmp_path / "out" / part_name(2)
    damaged.write_bytes(bytes(byte ^ 1 for byte in damaged.read_bytes()))
    (tmp_path / "out" / part_name(3)).write_bytes(b"cut off")
    answer = run_installer(tmp_path / "out", "--into", tmp_path / "env", "--models", tmp_path / "models")
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    what, why, do = answer.stderr.splitlines()
    assert what == f"error: 3 of the {len(manifest.parts)} parts cannot be used; nothing was installed."
    assert f"{part_name(1)} is missing" in why
    assert f"{part_name(2)} is damaged" in why
    assert f"{part_name(3)} has 7 bytes instead of 1,000" in why
    assert part_name(4) not in why
    assert do.startswith("do:    Copy these parts")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_check_installs_nothing(tmp_path: Path) -> None:
    bundle(tmp_path / "out")
    answer = run_installer(tmp_path / "out", "--check")
    assert (answer.returncode, answer.stderr) == (0, "")
    (tmp_path / "out" / part_name(2)).unlink()
    assert run_installer(tmp_path / "out", "--check").returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_an_installation_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """The parts are right, but what is in them is no wheel."""
    bundle(tmp_path / "out", {**contents(), "wheels/pip-1-py3-none-any.whl": b"not pip"})
    answer = run_installer(tmp_path / "out", "--into", tmp_path / "env", "--models", tmp_path / "models")
    assert answer.returncode == 2, answer.stderr
    assert answer.stderr.startswith("error: The packages cannot be installed.\nwhy:   ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


@pytest.mark.parametrize(
    "name", ["../a", "wheels/../../a", "/etc/a", "wheels", "other/a", "wheels/a\\b", "wheels//a"]
)
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    manifest = bundle(tmp_path / "out")
    write_manifest(replace(manifest, files=(Entry(name, 1, "0" * 64),)), tmp_path / "out")
    with pytest.raises(RefusedError, match="no manifest"):
        Manifest.read(tmp_path / "out")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', '{"format": 1, "glibc": 3}'])
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    bundle(tmp_path / "out")
    (tmp_path / "out" / MANIFEST).write_text(text, "utf-8")
    answer = run_installer(tmp_path / "out", "--into", tmp_path / "env")
    assert answer.returncode == 2
    assert "is no manifest of a rayocr bundle" in answer.stderr
    assert len(answer.stderr.splitlines()) == 3


def archive_of(folder: Path, *members: tarfile.TarInfo) -> tuple[Entry, ...]:
    with PartWriter(folder, 4000) as writer, tarfile.open(fileobj=writer, mode="w|") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return tuple(writer.parts)


def member(name: str, size: int = 3, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.type, made.linkname = size, kind, link
    return made


X3 = "cd2eb0837c9b4c962c22d2ff8b5441b7b45805887f051d39bf133b583baf6860"


@pytest.mark.parametrize(
    "members",
    [
        [member("wheels/a", 0, tarfile.SYMTYPE, "/etc/passwd")],
        [member("wheels/a", 0, tarfile.LNKTYPE, "wheels/b")],
        [member("wheels/a"), member("wheels/b")],
        [member("wheels/a"), member("wheels/a")],
        [member("../a")],
        [member("wheels/a", 4)],
        [member("wheels", 0, tarfile.DIRTYPE), member("wheels/a")],
        [],
    ],
)
def test_an_archive_that_is_not_the_manifest_s_is_refused(
    tmp_path: Path, members: list[tarfile.TarInfo]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "to").mkdir()
    files = (Entry("wheels/a", 3, X3),)
    manifest = replace(
        bundle(tmp_path / "base"), files=files, parts=archive_of(tmp_path / "out", member("wheels/a"))
    )
    install.unpack(tmp_path / "out", manifest, tmp_path / "to")
    (tmp_path / "bad").mkdir()
    (tmp_path / "empty").mkdir()
    manifest = replace(manifest, parts=archive_of(tmp_path / "bad", *members))
    with pytest.raises(RefusedError, match="parts are not what"):
        install.unpack(tmp_path / "bad", manifest, tmp_path / "empty")
    assert not (tmp_path / "a").exists()


def machine(**facts: object) -> Machine:
    return replace(install.probe(Path(sys.executable)), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"python": "3.10"}, f"is for Python {HERE}"),
        ({"implementation": "PyPy"}, f"is for Python {HERE}"),
        ({"free_threaded": True}, f"is for Python {HERE}"),
        ({"machine": "riscv64"}, "is for Linux on"),
        ({"system": "darwin"}, "is for Linux on"),
        ({"bits": 32}, "is for Linux on"),
        ({"glibc": (2, 4)}, "needs glibc 2.5"),
        ({"glibc": ()}, "needs glibc 2.5"),
    ],
)
def test_another_machine_is_refused(tmp_path: Path, facts: dict[str, object], said: str) -> None:
    manifest = bundle(tmp_path / "out")
    install.check_machine(manifest, machine())
    with pytest.raises(RefusedError, match=said):
        install.check_machine(manifest, machine(**facts))


def test_another_python_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    manifest = bundle(tmp_path / "out")
    write_manifest(replace(manifest, python=OTHER), tmp_path / "out")
    (tmp_path / "out" / part_name(1)).unlink()
    answer = run_installer(tmp_path / "out", "--into", tmp_path / "env")
    assert answer.returncode == 2
    assert f"error: This bundle is for Python {OTHER}." in answer.stderr


# --- the environment that is installed into --------------------------------------------------


def test_a_folder_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear", "utf-8")
    with pytest.raises(RefusedError, match="no virtual environment"):
        Environment(tmp_path / "mine")
    with pytest.raises(RefusedError, match="no virtual environment"):
        Environment(tmp_path / "mine" / "letter")


def test_one_that_was_being_made_is_made_anew(tmp_path: Path) -> None:
    first = Environment(tmp_path / "env")
    first.begin()
    (tmp_path / "env" / "pyvenv.cfg").write_text("half", "utf-8")
    (first.unpacked / "wheels").mkdir()
    with pytest.raises(RefusedError, match="Another installation"):
        Environment(tmp_path / "env").begin()
    first._unlock()  # as the end of its process does
    second = Environment(tmp_path / "env")
    assert (second.given, second.interrupted) == (False, True)
    second.begin()
    assert not (tmp_path / "env" / "pyvenv.cfg").exists()
    assert list(second.unpacked.iterdir()) == []
    second.give_up()
    assert not (tmp_path / "env").exists()


def test_one_that_was_given_stays(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").write_text("theirs", "utf-8")
    environment = Environment(tmp_path / "env")
    assert (environment.given, environment.interrupted) == (True, False)
    environment.begin()
    environment.give_up()
    again = Environment(tmp_path / "env")
    assert (again.given, again.interrupted) == (True, True)
    again.begin()
    again.complete()
    assert [path.name for path in (tmp_path / "env").iterdir()] == ["pyvenv.cfg"]
    assert not Environment(tmp_path / "env").interrupted


def test_packages_that_overwrite_each_other() -> None:
    assert install.check_rivals(["onnxruntime-gpu", "numpy"]) is None
    assert install.check_rivals(["onnxruntime-gpu"], ["onnxruntime"]) == ("onnxruntime-gpu", "onnxruntime")
    assert install.check_rivals(["onnxruntime-gpu"], ["onnxruntime-gpu", "numpy"]) is None
    assert install.check_rivals(["numpy"], ["onnxruntime", "onnxruntime-gpu"]) is None
    assert install.check_rivals(["opencv-python", "opencv-contrib-python"]) is not None


# --- wheels for another machine --------------------------------------------------------------


def toy(
    folder: Path,
    name: str,
    *requires: str,
    extras: tuple[str, ...] = (),
    tag: str = "py3-none-any",
    version: str = "1",
) -> Path:
    """A wheel of nothing but metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-{version}.dist-info/METADATA", "\n".join([*lines, "", ""]))
        archive.writestr(
            f"{name}-{version}.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"
        )
        archive.writestr(f"{name}-{version}.dist-info/RECORD", "")
        archive.writestr(f"{name}-{version}.dist-info/licenses/LICENSE", "toy licence")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes everything from."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "index").mkdir()
    return tmp_path / "index"


def collected(own_path: Path, target: str, scratch: Path, platform: str = "linux_x86_64") -> list[str]:
    scratch.mkdir()
    wheels = collect.collect_wheels(
        read_wheel(own_path),
        [Requirement("rayocr[cpu]")],
        make_target(target, platform),
        None,
        scratch,
        lambda text: None,
    )
    return [wheel.path.name for wheel in wheels]


def test_markers_are_those_of_the_target_and_not_of_this_python(index: Path, tmp_path: Path) -> None:
    own_path = toy(
        tmp_path / "own",
        "rayocr",
        "engine; extra == 'cpu'",
        "never; extra == 'gpu'",
        f"here; python_version == '{HERE}'",
        f"there; python_version == '{OTHER}'",
        "arm; platform_machine == 'aarch64'",
        extras=("cpu", "gpu"),
    )
    for name in ("here", "deep", "arm"):
        toy(index, name)
    toy(index, "engine", "deep[more]")
    toy(index, "there", f"deeper; python_version == '{OTHER}' and extra != 'x'")
    toy(index, "deeper", tag=f"cp{OTHER.replace('.', '')}-cp{OTHER.replace('.', '')}-manylinux_2_28_x86_64")
    here = collected(own_path, HERE, tmp_path / "1")
    assert [name.split("-")[0] for name in here] == ["deep", "engine", "here", "rayocr"]
    there = collected(own_path, OTHER, tmp_path / "2")
    assert [name.split("-")[0] for name in there] == ["deep", "deeper", "engine", "rayocr", "there"]
    arm = collected(own_path, HERE, tmp_path / "3", "linux_aarch64")
    assert [name.split("-")[0] for name in arm] == ["arm", "deep", "engine", "here", "rayocr"]


def test_of_two_wheels_the_one_for_older_systems_is_taken(index: Path, tmp_path: Path) -> None:
    own_path = toy(tmp_path / "own", "rayocr", "engine; extra == 'cpu'", extras=("cpu",))
    for glibc in (31, 17, 28, 39):
        toy(index, "engine", tag=f"py3-none-manylinux_2_{glibc}_x86_64")
    assert "engine-1-py3-none-manylinux_2_17_x86_64.whl" in collected(own_path, HERE, tmp_path / "1")
    toy(index, "engine", tag="py3-none-manylinux_2_39_x86_64", version="2")
    assert "engine-1-py3-none-manylinux_2_17_x86_64.whl" in collected(own_path, HERE, tmp_path / "2")
    newer = collected(own_path, HERE, tmp_path / "3", "manylinux_2_39_x86_64")
    assert "engine-2-py3-none-manylinux_2_39_x86_64.whl" in newer


def test_a_platform_without_a_wheel(index: Path, tmp_path: Path) -> None:
    own_path = toy(tmp_path / "own", "rayocr", "engine; extra == 'cpu'", extras=("cpu",))
    toy(index, "engine", tag="py3-none-manylinux_2_28_x86_64")
    with pytest.raises(ConfigError) as caught:
        collected(own_path, HERE, tmp_path / "1", "linux_aarch64")
    assert caught.value.what == f"Not every package can be had for Python {HERE} on linux_aarch64."
    assert "No matching distribution found for engine" in caught.value.why
    with pytest.raises(ConfigError):
        collected(own_path, HERE, tmp_path / "2", "manylinux2014_x86_64")


def test_an_index_that_does_not_answer_is_told_apart(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_path = toy(tmp_path / "own", "rayocr", "engine; extra == 'cpu'", extras=("cpu",))
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ConfigError, match="Not every package") as caught:
        collected(own_path, HERE, tmp_path / "1")
    assert caught.value.why.startswith("The index did not answer.")


def test_the_glibc_that_wheels_need(tmp_path: Path) -> None:
    tags = {
        "manylinux_2_27_x86_64.manylinux_2_28_x86_64": (2, 27),
        "manylinux2014_x86_64": (2, 17),
        "manylinux1_x86_64.linux_x86_64": (0, 0),
        "any": (0, 0),
    }
    for number, (tag, glibc) in enumerate(tags.items()):
        assert read_wheel(toy(tmp_path / str(number), "a", tag=f"py3-none-{tag}")).glibc == glibc


def test_requirements_that_no_wheel_fulfils_are_named(tmp_path: Path) -> None:
    wheels = [read_wheel(toy(tmp_path, "a", "b>=2", "c")), read_wheel(toy(tmp_path, "b"))]
    found = closure(wheels, [Requirement("a")], make_target("3.12", "linux_x86_64"))
    assert [str(requirement) for requirement in found.lacking] == ["b>=2", "c"]
    assert [wheel.name for wheel in found.needed] == ["a"]


def test_extras_that_are_not_there_or_exclude_each_other(tmp_path: Path) -> None:
    wheel = read_wheel(
        toy(
            tmp_path,
            "rayocr",
            "onnxruntime; extra == 'cpu'",
            "onnxruntime-gpu; extra == 'gpu-onnx'",
            extras=("cpu", "gpu-onnx"),
        )
    )
    collect.check_extras(wheel, ["cpu"])
    with pytest.raises(ConfigError, match="no extra 'cpuu'"):
        collect.check_extras(wheel, ["cpuu"])
    with pytest.raises(ConfigError, match="cannot be in one environment"):
        collect.check_extras(wheel, ["cpu", "gpu-onnx"])


@pytest.mark.parametrize(
    ("python", "platform"), [("3.10", None), ("3", None), (None, "win_amd64"), (None, "linux_i686")]
)
def test_machines_that_rayocr_does_not_run_on(python: str | None, platform: str | None) -> None:
    with pytest.raises(ConfigError, match="There is no rayocr for"):
        make_target(python, platform)


# --- rayocr itself, and models ---------------------------------------------------------------


def test_outside_of_a_checkout_the_wheel_comes_from_the_index(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "checkout", lambda: None)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "7.7")
    (tmp_path / "own").mkdir()
    with pytest.raises(ConfigError) as caught:
        own.own_wheel(tmp_path / "own", lambda text: None)
    assert caught.value.what == "rayocr's own wheel, of version 7.7, cannot be had."
    assert "PIP_FIND_LINKS" in caught.value.remedy
    toy(index, "rayocr", version="7.7")
    assert own.own_wheel(tmp_path / "own", lambda text: None).name == "rayocr-7.7-py3-none-any.whl"


def test_models_are_verified_and_carry_their_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "toy", toy_model())
    wheel = read_wheel(toy(tmp_path, "rayocr"))
    store = ModelStore(
        ModelsConfig(cache=str(tmp_path / "cache"), source=str(toy_folder(tmp_path / "source")))
    )
    files = dict(collect.collect_models(["toy", "toy"], store, wheel, tmp_path / "models", lambda text: None))
    names = ["LICENSE", "NOTICE", "toy/characters.txt", "toy/det.onnx", "toy/rec.onnx"]
    assert sorted(files) == [f"models/{name}" for name in names]
    assert files["models/LICENSE"].read_text("utf-8") == "toy licence"
    assert "toy: none, from toy-ocr==1.0" in files["models/NOTICE"].read_text("utf-8")


# --- where it goes ---------------------------------------------------------------------------


def test_what_is_in_the_way(tmp_path: Path) -> None:
    out = tmp_path / "out"
    check_place(out, overwrite=False)
    out.mkdir()
    check_place(out, overwrite=False)
    bundle(out)
    with pytest.raises(ConfigError, match="holds a bundle"):
        check_place(out, overwrite=False)
    check_place(out, overwrite=True)
    (out / "letter").write_text("dear", "utf-8")
    with pytest.raises(ConfigError, match="something else"):
        check_place(out, overwrite=True)
    (out / "letter").unlink()
    (out / MANIFEST).unlink()
    with pytest.raises(ConfigError, match="something else"):
        check_place(out, overwrite=True)
    with pytest.raises(ConfigError, match="is a file"):
        check_place(out / part_name(1), overwrite=True)


def test_it_takes_its_place_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "out"
    bundle(out)
    before = sorted(path.name for path in out.iterdir())
    with pytest.raises(ValueError, match="broke off"), placing(out, overwrite=True) as scratch:
        (scratch / BUNDLE / "half").write_text("", "utf-8")
        raise ValueError("broke off")
    assert sorted(path.name for path in out.iterdir()) == before
    with placing(out, overwrite=True) as scratch:
        with pytest.raises(ConfigError, match="Another rayocr"), placing(out, overwrite=True):
            pass
        (scratch / BUNDLE / "whole").write_text("", "utf-8")
    assert [path.name for path in out.iterdir()] == ["whole"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_what_a_dead_process_left_is_cleared(tmp_path: Path) -> None:
    left = tmp_path / ".out.incomplete" / BUNDLE
    left.mkdir(parents=True)
    (left / "old").write_text("", "utf-8")
    with placing(tmp_path / "out", overwrite=False) as scratch:
        (scratch / BUNDLE / "new").write_text("", "utf-8")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]


def test_a_whole_bundle_twice(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of toy wheels: what is collected is in the parts, and the second time it is the same."""
    monkeypatch.setattr(own, "checkout", lambda: None)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "7.7")
    monkeypatch.setitem(CATALOGUE, "toy", toy_model())
    companion = replace(toy_model(page_classifier.MODEL), pair=None)
    monkeypatch.setitem(CATALOGUE, companion.name, companion)
    source = toy_folder(tmp_path / "source")
    shutil.copytree(source / "toy", source / companion.name)
    toy(index, "rayocr", "engine; extra == 'cpu'", extras=("cpu",), version="7.7")
    toy(index, "engine", tag="py3-none-manylinux_2_17_x86_64")
    toy(index, "pip")
    toy(index, "other", version="3")
    cache = ModelsConfig(cache=str(tmp_path / "cache"), source=str(source))
    request = Request(
        tmp_path / "one",
        python="3.12",
        platform="linux_x86_64",
        requirements=("other>=2",),
        models=("toy",),
        cache=cache,
        part_bytes=1_000_000,
    )
    one = make_bundle(request)
    two = make_bundle(replace(request, out=tmp_path / "two"))
    assert one.sha256 == two.sha256
    assert one.manifest == Manifest.read(one.folder)
    assert one.manifest.glibc == (2, 17)
    assert one.manifest.requirements == ("rayocr[cpu]==7.7", "other>=2")
    assert [entry.name for entry in one.manifest.files if entry.name.startswith("wheels/")] == [
        "wheels/engine-1-py3-none-manylinux_2_17_x86_64.whl",
        "wheels/other-3-py3-none-any.whl",
        "wheels/pip-1-py3-none-any.whl",
        "wheels/rayocr-7.7-py3-none-any.whl",
    ]
    (tmp_path / "to").mkdir()
    install.unpack(one.folder, one.manifest, tmp_path / "to")
    assert json.loads((one.folder / MANIFEST).read_text("utf-8"))["models"] == ["toy", companion.name]
    held = [entry.name for entry in one.manifest.files if entry.name.startswith(f"models/{companion.name}/")]
    assert len(held) == 3, "an engine needs it beside the one that was asked for"
    with pytest.raises(ConfigError, match="holds a bundle"):
        make_bundle(request)
    make_bundle(replace(request, overwrite=True))
    with pytest.raises(ConfigError, match="too small"):
        make_bundle(replace(request, overwrite=True, part_bytes=999_999))
    with pytest.raises(ConfigError, match="not what pip would install"):
        make_bundle(replace(request, overwrite=True, requirements=("a b",)))
