"""The device and the threads of a worker are what Ray gave it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from actors.device import check_visible, cuda_is_initialised, device_for, order_as_driver
from actors.errors import ConfigError
from actors.settings import EngineConfig
from actors.threads import thread_environment
from tests import cuda_library
from tests.cli import ROOT


@pytest.mark.parametrize(
    ("asked", "accelerators", "device"),
    [
        ("auto", [], "cpu"),
        ("auto", ["0"], "gpu"),
        ("auto", ["3", "4"], "gpu"),
        ("cpu", ["0"], "cpu"),
        ("cpu", [], "cpu"),
        ("gpu", ["GPU-5a6b"], "gpu"),
    ],
)
def test_the_device_follows_what_ray_gave(asked: str, accelerators: list[str], device: str) -> None:
    config = EngineConfig.model_validate({"device": asked, "threads": 3})
    assert device_for(config, accelerators) == config.model_copy(update={"device": device})


def test_a_gpu_that_was_not_given_is_refused() -> None:
    with pytest.raises(ConfigError, match="was given no GPU") as caught:
        device_for(EngineConfig(device="gpu"), [])
    assert "resources.gpus_per_actor" in caught.value.remedy


def test_a_process_that_has_touched_cuda_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.device.cuda_is_initialised", lambda: True)
    with pytest.raises(ConfigError, match="already initialised"):
        device_for(EngineConfig(), ["0"])
    assert device_for(EngineConfig(device="cpu"), ["0"]).device == "cpu"


def test_nobody_has_touched_cuda_here() -> None:
    assert not cuda_is_initialised()


@pytest.mark.system("compiler")
@pytest.mark.parametrize(("answer", "initialised"), [(3, False), (0, True), (100, True)])
def test_the_driver_is_asked_and_not_initialised(tmp_path: Path, answer: int, initialised: bool) -> None:
    """Without the call to cuInit, the CUDA driver answers every call with CUDA_ERROR_NOT_INITIALIZED, 3."""
    source = tmp_path / "driver.c"
    source.write_text(f"int cuCtxGetCurrent(void **context) {{ *context = 0; return {answer}; }}")
    library = tmp_path / "a folder" / "libcuda.so.1"
    library.parent.mkdir()
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    code = (
        "import ctypes, sys; from actors.device import cuda_is_initialised\n"
        "assert not cuda_is_initialised()\n"
        f"ctypes.CDLL({str(library)!r})\n"
        f"assert cuda_is_initialised() is {initialised}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


FORK = """
import ctypes, os, sys
from actors.device import cuda_is_initialised
if sys.argv[2] != "afterwards":
    driver = ctypes.CDLL(sys.argv[1])
if sys.argv[2] == "initialised":
    assert driver.cuInit(0) == 0
child = os.fork()
if not child:
    seen = cuda_is_initialised()
    print(seen, ctypes.CDLL(sys.argv[1]).cuInit(0), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.system("compiler")
@pytest.mark.parametrize(
    ("parent", "child"), [("initialised", "True 3"), ("loaded", "True 0"), ("afterwards", "False 0")]
)
def test_a_fork_of_a_process_with_cuda_is_known(tmp_path: Path, parent: str, child: str) -> None:
    """There the driver says that it is not initialised, and refuses to be. A parent that only loaded it is
    not told from one that initialised it."""
    library = cuda_library.build(tmp_path, runtime=False)
    answer = subprocess.run(
        [sys.executable, "-c", FORK, str(library), parent],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert answer.stdout.strip() == child


@pytest.mark.system("compiler")
@pytest.mark.parametrize(
    ("initialised", "function", "seen"),
    [
        (0, "cuDeviceGetUuid_v2", "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f"),
        (0, "cuDeviceGetUuid", "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f"),
        (0, "cuSomethingElse", None),
        (3, "cuDeviceGetUuid_v2", None),
    ],
)
def test_the_card_that_cuda_took(tmp_path: Path, initialised: int, function: str, seen: str | None) -> None:
    source = tmp_path / "driver.c"
    source.write_text(
        f"int cuCtxGetCurrent(void **context) {{ *context = 0; return {initialised}; }}\n"
        "int cuDeviceGet(int *device, int ordinal) { *device = 7; return ordinal; }\n"
        f"int {function}(unsigned char *to, int device) {{\n"
        "  for (int i = 0; i < 16; i++) to[i] = i;\n"
        "  return device != 7; }\n"
    )
    library = tmp_path / "libcuda.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    code = (
        "import ctypes; from actors.device import cuda_uuid\n"
        "assert cuda_uuid() is None\n"
        f"ctypes.CDLL({str(library)!r})\n"
        f"assert cuda_uuid() == {seen!r}, cuda_uuid()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize(
    ("given", "visible"),
    [
        (["0"], "0"),
        (["3", "1"], "1,3"),
        (["GPU-5a6b"], "GPU-5a6b"),
        (["MIG-9f"], " MIG-9f "),
        (["MIG-GPU-5a/1/0"], "MIG-GPU-5a/1/0"),
    ],
)
def test_a_worker_that_sees_what_it_was_given(
    given: list[str], visible: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    check_visible(given)


@pytest.mark.parametrize(
    ("given", "visible", "why"),
    [
        (["0"], None, "all of the node's"),
        (["0"], "1", "'1'"),
        (["0"], "0,1", "'0,1'"),
        (["0"], "", "''"),
        (["0"], "GPU-5a6b", "'GPU-5a6b'"),
        (["GPU-5a6b"], "GPU-5a6c", "'GPU-5a6c'"),
        (["MIG-9f"], "0", "'0'"),
        (["0", "1"], "0", "'0'"),
    ],
)
def test_a_worker_that_sees_other_cards_is_refused(
    given: list[str], visible: str | None, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(ConfigError, match="sees other cards than Ray gave it") as caught:
        check_visible(given)
    assert given[0] in caught.value.what
    assert why in caught.value.why
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("order", "given", "refused"),
    [
        (None, ["0"], False),
        ("PCI_BUS_ID", ["0"], False),
        ("FASTEST_FIRST", ["0"], True),
        ("FASTEST_FIRST", ["GPU-5a6b"], False),
    ],
)
def test_cards_are_counted_as_the_driver_counts_them(
    order: str | None, given: list[str], refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_DEVICE_ORDER", order or "")
    if order is None:
        monkeypatch.delenv("CUDA_DEVICE_ORDER")
    if refused:
        with pytest.raises(ConfigError, match="CUDA_DEVICE_ORDER is FASTEST_FIRST"):
            order_as_driver(given)
    else:
        order_as_driver(given)
        assert os.environ["CUDA_DEVICE_ORDER"] == (order or "PCI_BUS_ID")


def test_threads_are_limited_in_loaded_libraries_and_those_to_come() -> None:
    code = (
        "import os, cv2, pyarrow as pa; from actors.threads import limit_threads\n"
        "limit_threads(1)\n"
        "assert cv2.getNumThreads() == 1 and pa.cpu_count() == 1\n"
        "assert os.environ['OMP_NUM_THREADS'] == os.environ['OPENBLAS_NUM_THREADS'] == '1'\n"
    )
    pytest.importorskip("cv2")
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_the_environment_of_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in thread_environment(1):
        monkeypatch.setenv(name, "64")
    assert set(thread_environment(2).values()) == {"2"}
    code = (
        "import sys; from actors.threads import limit_threads; limit_threads(1); print('cv2' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert answer.stdout.strip() == "False", "a library that is not loaded stays so"
