"""Actors on cards that are not there: a made-up driver under whole runs, and Ray's logical GPUs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli import ROOT, environ, rayocr, rows
from tests.nvidia_smi import Listed, install
from tests.nvml_library import Built, build
from tests.pictures import folder_of_pictures

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.system("compiler"),
]

ARGUMENTS = ("-s", "engine.engine=fake", "--runner", "ray", "-s", "resources.cpus_per_actor=0.25")


def machine(folder: Path, *cards: Built) -> dict[str, str]:
    """The environment of a machine with these cards."""
    path = install(folder / "bin", *[Listed(card.uuid, card.total) for card in cards])
    return {"PATH": path, "LD_LIBRARY_PATH": build(folder / "lib", *cards)}


@pytest.fixture
def ray_folder() -> Iterator[Path]:
    """Where Ray keeps its files: a short path, since sockets are among them."""
    folder = Path(tempfile.mkdtemp(prefix="r-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def summary(output: Path) -> dict[str, Any]:
    (file,) = (output / "runs").glob("*.json")
    tree: dict[str, Any] = json.loads(file.read_text())
    return tree


def test_engines_that_share_two_cards_read_all_pages_once_and_their_peaks_are_told(
    tmp_path: Path, ray_folder: Path
) -> None:
    node = machine(tmp_path, Built("GPU-aa", own=1_500), Built("GPU-bb", 16_384, used=100, own=1_200))
    node["RAY_TMPDIR"] = str(ray_folder)
    source = folder_of_pictures(tmp_path / "in", 24)
    shares = ("-s", "resources.gpus_per_actor=0.5", "-s", "resources.batch_pages=2")
    done = rayocr("run", "-i", source, "-o", tmp_path / "out", *ARGUMENTS, *shares, timeout=300, **node)
    assert done.returncode == 0, done.stderr
    assert len({row["key"] for row in rows(tmp_path / "out")}) == len(rows(tmp_path / "out")) == 24
    uses = summary(tmp_path / "out")["cards"]
    assert 1 <= len(uses) <= 4
    for use in uses:
        large = use["device"] == "GPU-aa"
        assert large or use["device"] == "GPU-bb"
        assert use["total_mb"] == (24_576 if large else 16_384)
        assert use["cap_mb"] == use["total_mb"] // 2
        assert (use["peak_mb"], use["of_card"]) == (1_500 if large else 1_200, False)
    assert "card memory" in done.stdout
    told = " ".join(done.stdout.split())  # a narrow table breaks the line
    assert "cap 8,192 or 12,288 MiB" in told or len({use["device"] for use in uses}) == 1
    logged = [file.read_text() for file in ray_folder.glob("ray/session_2*/logs/worker-*.err")]
    lines = [line for text in logged for line in text.splitlines() if "rayocr.device" in line]
    assert len(lines) == 4, "each engine's worker says once what it has"
    assert sum("device GPU-aa" in line and "total 24,576 MiB" in line for line in lines) == 2
    assert sum("device GPU-bb" in line and "cap 8,192 MiB" in line for line in lines) == 2


def test_slices_of_a_card_are_found_by_their_names(tmp_path: Path) -> None:
    """Ray counts cards, and would see one here."""
    slices = (Built("MIG-aa", 4_864, own=700), Built("MIG-bb", 4_864, own=800))
    listed = Listed("GPU-aa", 40_960, slices=(("1g.5gb", "MIG-aa"), ("1g.5gb", "MIG-bb")))
    node = {"PATH": install(tmp_path / "bin", listed), "LD_LIBRARY_PATH": build(tmp_path / "lib", *slices)}
    source = folder_of_pictures(tmp_path / "in", 12)
    whole = ("-s", "resources.gpus_per_actor=1", "-s", "resources.batch_pages=1")
    done = rayocr("run", "-i", source, "-o", tmp_path / "out", *ARGUMENTS, *whole, timeout=300, **node)
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path / "out")) == 12
    assert summary(tmp_path / "out")["plan"]["actors"]["value"] == 2
    seen = {use["device"]: (use["peak_mb"], use["cap_mb"]) for use in summary(tmp_path / "out")["cards"]}
    assert seen
    assert seen.items() <= {"MIG-aa": (700, None), "MIG-bb": (800, None)}.items()


def test_a_card_without_room_ends_the_run_with_numbers_and_neighbours(tmp_path: Path) -> None:
    node = machine(tmp_path, Built("GPU-aa", used=20_000))
    source = folder_of_pictures(tmp_path / "in", 3)
    done = rayocr(
        "run",
        *("-i", source, "-o", tmp_path / "out", *ARGUMENTS, "-s", "resources.gpus_per_actor=0.25"),
        timeout=300,
        **node,
    )
    assert done.returncode == 4, done.stderr
    assert "4,576 of 24,576 MiB are free" in done.stderr
    assert "pid 4711 (20,000 MiB)" in done.stderr
    assert "Traceback" not in done.stderr


PROGRAM = """
import json, os, sys
import ray
from actors.settings import EngineConfig
from pipelines.config import Config
from pipelines.job import Job
from pipelines.machine import Machine, Node
from pipelines.plan import Listing, make_plan
from pipelines.runners.ray import RayRecogniser
from pipelines.runners.ray_journal import ActorJournal, start_journal
from actors.engines import describe_engine
from actors.engines.fingerprint import fingerprint, settings_in_clear
from actors.governor import MemoryLimits

ray.init(address="local", num_cpus=4, num_gpus=2, include_dashboard=False, log_to_driver=False)
config = Config.model_validate({"source": {"path": "x"}, "output": {"path": "y"}})
engine = EngineConfig(engine="fake")
settings = settings_in_clear(describe_engine(engine), config.decode, config.layout)

def job(share):
    return Job("r", fingerprint(settings), config.decode, engine, config.models, 1, 9.0, 1.0, 64.0, 60.0,
               "/nowhere", memory=MemoryLimits(card_share=share))

class Worker(RayRecogniser):
    def sees(self):
        ids = ray.get_runtime_context().get_accelerator_ids()["GPU"]
        return [os.environ.get("CUDA_VISIBLE_DEVICES"), ids, self._claim.device]

class Bare:
    def sees(self):
        return os.environ.get("CUDA_VISIBLE_DEVICES")

journal = ActorJournal(start_journal())
alive = []

def workers(share, count, **env):
    make = ray.remote(num_cpus=0.25, num_gpus=share, runtime_env={"env_vars": env} if env else None)(Worker)
    alive.extend(actors := [make.remote(job(share), journal) for _ in range(count)])
    try:
        return [ray.get(actor.sees.remote(), timeout=90) for actor in actors]
    except ray.exceptions.RayError as error:
        return str(error)

found = {
    "halves": workers(0.5, 2),
    "quarters": workers(0.25, 4),
    "none": workers(0, 1),
    "bare": ray.get(ray.remote(num_cpus=0.25)(Bare).remote().sees.remote()),
}
for actor in alive:
    ray.kill(actor)
found |= {
    "not narrowed": workers(0.5, 1, RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES="1"),
}
print("FOUND" + json.dumps(found))
"""


def see(**environment: str) -> dict[str, Any]:
    """What actors see on a Ray with two logical GPUs."""
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env=environ(**environment),
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-4000:]
    found: dict[str, Any] = json.loads(answer.stdout.partition("FOUND")[2])
    return found


@pytest.mark.parametrize(
    ("outer", "names", "override"),
    [(None, ["0", "1"], None), ("5,3", ["5", "3"], "1"), ("MIG-aa,GPU-bb", ["MIG-aa", "GPU-bb"], None)],
)
def test_each_actor_sees_the_one_card_that_ray_gave_it(
    outer: str | None, names: list[str], override: str | None
) -> None:
    """Also where the node has some of its cards only, and Ray counts those from 0."""
    environment = {"CUDA_VISIBLE_DEVICES": outer} if outer else {}
    environment |= {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": override} if override else {}
    found = see(**environment)
    assert found["halves"] == [[names[0], [names[0]], names[0]]] * 2, "Ray fills one card before the next"
    assert found["quarters"] == [[names[1], [names[1]], names[1]]] * 4
    assert found["none"] == [["", [], "cpu"]], "a worker without a GPU sees none"
    assert found["bare"] == ("" if override else outer), "by itself Ray leaves it all of the node's"
    assert "sees other cards than Ray gave it" in found["not narrowed"]
