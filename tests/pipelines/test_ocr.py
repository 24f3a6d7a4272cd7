"""The plan that Ray Data makes of the flow: what runs where, and that decoding stays out of the actors."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.cli import ROOT, environ

pytestmark = [pytest.mark.ray, pytest.mark.slow]

SCRIPT = """
import json, sys
import ray
from ray.data._internal.logical.optimizers import get_execution_plan
from actors.settings import EngineConfig, DecodeConfig, ModelsConfig
from actors.contracts import DocRef
from pipelines import ocr
from pipelines.config import Config
from pipelines.job import Job
from pipelines.machine import Machine, Node
from pipelines.plan import Listing, make_plan
from pipelines.runners.ray import RayRecogniser, connect
from pipelines.runners.ray_journal import ActorJournal, start_journal

def stages(resources):
    config = Config.model_validate({"source": {"path": "x"}, "output": {"path": "y"},
                                    "engine": {"engine": "fake"}, "resources": resources})
    plan = make_plan(config, Machine((Node(2.0, 16000),)), Listing(10))
    job = Job("r", "f", config.decode, config.engine, config.models, 1, 1.0, 1.0, 64.0, 60.0, "/nowhere")
    connect(plan)
    refs = [DocRef(str(n), str(n), f"/{n}.png", "v") for n in range(10)]
    rows = ocr.rows(ocr.pages(ocr.documents(refs, plan), job, plan), plan, RayRecogniser,
                    {"job": job, "journal": ActorJournal(start_journal())})
    staged = ocr.receipts(rows, job, plan)
    operator, found = get_execution_plan(staged._logical_plan)[0].dag, []
    while operator is not None:
        found.insert(0, f"{type(operator).__name__} {operator.name}")
        operator = operator.input_dependencies[0] if operator.input_dependencies else None
    return found

print("PLANS" + json.dumps({name: stages(json.loads(name)) for name in sys.argv[1:]}))
"""

RESOURCES = ["{}", '{"actors": 1, "cpus_per_actor": 0.25}']


@pytest.fixture(scope="module")
def plans() -> Mapping[str, list[str]]:
    """The stages of each plan, all made with one Ray."""
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, *RESOURCES],
        capture_output=True,
        text=True,
        env=environ(),
        cwd=ROOT,
        timeout=180,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    found: dict[str, list[str]] = json.loads(answer.stdout.partition("PLANS")[2])
    return found


@pytest.mark.parametrize("resources", RESOURCES)
def test_decoding_is_never_fused_into_the_actors(plans: Mapping[str, list[str]], resources: str) -> None:
    """Also with the same CPUs on both sides, which is when Ray Data likes to fuse."""
    stages = plans[resources]
    assert [stage.split()[0] for stage in stages] == [
        "InputDataBuffer",
        "TaskPoolMapOperator",
        "ActorPoolMapOperator",
        "TaskPoolMapOperator",
    ]
    assert "read_and_decode" in stages[1]
    assert "Recogniser" in stages[2]
    assert "read_and_decode" not in stages[2]
    assert "stage_table" in stages[3]
