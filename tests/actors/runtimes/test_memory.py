"""Allocation failures of runtimes: their words are known, and a session outlives them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from actors.runtimes.memory import allocation_failures, is_allocation_failure
from tests.cli import ROOT, environ

WORDS = [
    "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running Add node. Name:'' Status "
    "Message: bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 192000000\n",
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running Conv node. "
    "Name:'relu' Status Message: std::bad_alloc",
    "[ONNXRuntimeError] : 1 : FAIL : Available memory of 1024 is smaller than requested bytes of 4096",
    "CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size);",
    "CUDNN failure 4: CUDNN_STATUS_ALLOC_FAILED ; GPU=0",
    "Exception from src/inference/src/cpp/infer_request.cpp:223: bad allocation",
    "ResourceExhaustedError: \n\nOut of memory error on GPU 0. Cannot allocate 2.0GB memory on GPU 0",
    "(ResourceExhausted) Fail to alloc memory of 17179869184 size.",
    "OpenCV(4.10.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 2700000000 bytes",
]


@pytest.mark.parametrize("words", WORDS)
def test_what_runtimes_say_when_they_get_no_memory(words: str) -> None:
    with pytest.raises(MemoryError) as caught, allocation_failures():
        raise RuntimeError(words)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("the fake engine was told to raise"),
        RuntimeError("[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Got invalid dimensions for input: x"),
        KeyError("memory"),
    ],
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    assert not is_allocation_failure(error)
    with pytest.raises(type(error)) as caught, allocation_failures():
        raise error
    assert caught.value is error


_UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
import numpy as np, psutil
from actors.runtimes import load
from actors.runtimes.contracts import Placement
from tests.actors.runtimes.graphs import doubling

session = load("onnxruntime", doubling(Path(sys.argv[1])), Placement())
small, large = np.ones((1, 3, 8, 8), np.float32), np.zeros((1, 3, 4000, 4000), np.float32)
session.run(small)
size, (_, hard) = psutil.Process().memory_info().vms, resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (size + (100 << 20), hard))
for _ in range(2):
    try:
        session.run(large)
    except MemoryError as error:
        print("refused:", str(error)[:1000])
session.release()
assert session.run(small)[0].max() == 2
resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
assert session.run(large)[0].max() == 0
"""


def test_a_session_of_onnx_runtime_says_so_and_works_on(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    answer = subprocess.run(
        [sys.executable, "-c", _UNDER_A_LIMIT, str(tmp_path)],
        capture_output=True,
        text=True,
        env=environ(),
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("refused:") == 2, answer.stdout
