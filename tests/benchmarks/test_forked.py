"""benchmarks/forked.py: the error of forks, on a made-up CUDA, and the guards where no card is."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import cuda, forked
from pipelines.nvidia import Gpu
from tests import cuda_library, nvml_library
from tests.cli import ROOT, environ
from tests.nvidia_smi import Listed, install

CARD = Gpu(cuda_library.UUID, 0, 24_576)


def test_runtimes_are_looked_for_where_they_are_installed(tmp_path: Path) -> None:
    wheels, root = tmp_path / "site-packages", tmp_path / "root"
    for file in (
        wheels / "nvidia/cu13/lib/libcudart.so.13",
        wheels / "nvidia/cuda_runtime/lib/libcudart.so.12",
        wheels / "nvidia/cuda_runtime/lib/libcudart_static.a",
        root / "usr/local/cuda-12.8/lib64/libcudart.so.12.8.90",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (root / "usr/local/cuda").symlink_to(root / "usr/local/cuda-12.8")
    found = [Path(name).name for name in cuda.libraries([str(wheels), ""], root)]
    assert sorted(found[:2]) == ["libcudart.so.12", "libcudart.so.13"]
    assert found[2:] == ["libcudart.so.12.8.90", "libcuda.so.1"], "each once, the driver last"


@pytest.mark.system("compiler")
@pytest.mark.parametrize(
    ("runtime", "name"), [(True, "cudaErrorInitializationError"), (False, "CUDA_ERROR_NOT_INITIALIZED")]
)
def test_a_fork_gets_the_error_and_a_process_of_its_own_does_not(
    tmp_path: Path, runtime: bool, name: str
) -> None:
    library = str(cuda_library.build(tmp_path, runtime=runtime))
    parent, *children = forked._ask("fork", library, {}, "2")
    assert parent.code == cuda.SUCCESS
    assert [(child.code, child.name, child.guard) for child in children] == [(3, name, forked.REFUSED)] * 2
    assert [one.code for one in forked.together(library, {}, 3)] == [cuda.SUCCESS] * 3


def test_a_library_that_is_not_there_says_so(tmp_path: Path) -> None:
    (answer,) = forked._ask("own", str(tmp_path / "libcudart.so.13"), {})
    assert (answer.code, answer.function) == (-1, "dlopen")


@pytest.mark.system("compiler")
def test_a_card_that_shows_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cuda_library.build(tmp_path)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    rows = forked.on_card(CARD, 2)
    assert all(row.holds for row in rows), rows
    assert len(rows) == 1 + 2 + 1 + 2


@pytest.mark.system("compiler")
def test_a_cuda_that_survives_forks_is_not_what_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda_library, "_DRIVER", cuda_library._DRIVER.replace("getpid()", "1"))
    cuda_library.build(tmp_path)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    rows = forked.on_card(CARD, 1)
    assert [row.what for row in rows if not row.holds] == ["forked from it, CUDA again"]


def test_a_card_without_cuda_is_not_what_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "libraries", lambda: iter(["libcudart-of-nobody.so"]))
    (row,) = forked.on_card(CARD, 1)
    assert not row.holds
    assert "libcudart-of-nobody.so" in row.seen


def test_the_guards_refuse(tmp_path: Path) -> None:
    rows = forked.guards(tmp_path)
    assert len(rows) >= len(forked.GUARDS) + 1
    assert [row for row in rows if not row.holds] == []


def test_a_guard_that_lets_in_is_seen() -> None:
    careless = dataclasses.replace(forked.GUARDS[0], code="pass")
    row = forked._meet(careless)
    assert (row.seen, row.holds) == ("it was let in", False)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.system("compiler")
@pytest.mark.parametrize("card", [True, False])
def test_the_whole_command(tmp_path: Path, card: bool) -> None:
    node = {"PATH": "/usr/bin:/bin"}
    if card:
        nvml = nvml_library.build(tmp_path / "nvml", nvml_library.Built(CARD.uuid, own=900))
        cuda_library.build(tmp_path / "cuda")
        node = {
            "PATH": install(tmp_path / "bin", Listed(CARD.uuid)),
            "LD_LIBRARY_PATH": f"{tmp_path / 'cuda'}:{nvml}",
        }
    done = subprocess.run(
        [sys.executable, "benchmarks/forked.py", "--engine", "fake", "--pages", "4", "--children", "2"],
        capture_output=True,
        text=True,
        env=environ(**node),
        cwd=ROOT,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 of 4 pages read" in done.stdout
    assert ("No card is here" in done.stdout) is not card
    assert ("2 x device" in done.stdout, "1 x device cpu" in done.stdout) == (card, not card)
    assert done.stdout.count("│ ok") >= 9
