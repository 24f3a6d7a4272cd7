"""benchmarks/memory.py: pages of many shapes, and an engine whose memory stays where it is."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from benchmarks import memory
from tests.cli import ROOT, environ
from tests.models import require_model


def test_pages_are_of_varied_shapes_and_the_same_each_time() -> None:
    first, second = list(memory.pages(30)), list(memory.pages(30))
    assert len({page.shape for page in first}) > 25
    assert all(max(page.shape) <= 384 for page in first)
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_growth_is_told_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for resident, code in (([100.0] * 9 + [114.0], 0), ([100.0] * 9 + [120.0], 1)):
        monkeypatch.setattr(memory, "measure", lambda *_, found=resident: found)
        monkeypatch.setattr(sys, "argv", ["memory.py", "--pages", "10"])
        with pytest.raises(SystemExit) as caught:
            memory.main()
        assert caught.value.code == code
        assert f"{resident[-1] / 100:.3f}" in capsys.readouterr().out


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("runtime", "warm_up"), [("onnxruntime", 60), ("openvino", 100)])
def test_memory_stays_where_it_is(runtime: str, warm_up: int) -> None:
    """OpenVINO in bfloat16 builds kernels for the first hundred pages."""
    pytest.importorskip(runtime)
    require_model()
    command = [sys.executable, "benchmarks/memory.py", "--pages", "100"]
    answer = subprocess.run(
        [*command, "--warm-up", str(warm_up), "--runtime", runtime],
        capture_output=True,
        text=True,
        env=environ(),
        cwd=ROOT,
        timeout=850,
        check=False,
    )
    print(answer.stdout)
    assert answer.returncode == 0, answer.stdout + answer.stderr
