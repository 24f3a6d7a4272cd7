"""CUDA through ctypes, one process at a time: initialise it, and say what it answered.

    python -m benchmarks.cuda own LIBRARY              # here; keeps what it has until stdin ends
    python -m benchmarks.cuda fork LIBRARY CHILDREN    # here, and then in so many forked children

LIBRARY is CUDA's runtime (libcudart.so.*) or the driver (libcuda.so.1). Prints a line of JSON. What imports
this module loads nothing.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SUCCESS, NOT_INITIALISED = 0, 3
"""Of cudaError_t and of CUresult alike; 3 is cudaErrorInitializationError in the runtime's words, and
CUDA_ERROR_NOT_INITIALIZED in the driver's."""

DRIVER = "libcuda.so.1"
_RUNTIME = "libcudart.so.[0-9]*"
_IN_WHEELS = "nvidia/cu*/lib"
_IN_SYSTEM = ("usr/local/cuda*/lib64", "usr/lib/*-linux-gnu", "usr/lib64")


@dataclass(frozen=True)
class Answer:
    """What CUDA said. `function`: the one that said it, the last one or the first that failed; `guard`: what
    `actors.device` said of the process, None if it has nothing against an engine there, or was not asked."""

    code: int
    name: str
    function: str
    guard: str | None = None


def libraries(path: Sequence[str] = sys.path, root: Path = Path("/")) -> Iterator[str]:
    """What may be CUDA here, each once: runtimes where the dynamic linker is told to look, in pip's packages
    (below `path`) and in the usual folders of the system, then the driver."""
    told = [Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    places = [(folder, ".") for folder in told]
    places += [(Path(folder), _IN_WHEELS) for folder in path if folder]
    places += [(root, folder) for folder in _IN_SYSTEM]
    found = (file for place, below in places for file in sorted(place.glob(f"{below}/{_RUNTIME}")))
    yield from dict.fromkeys(str(file.resolve()) for file in found)
    yield DRIVER


def initialise(library: str) -> Answer:
    """Do in this process what makes it CUDA's: a context on the first card. Raises OSError without the
    library."""
    loaded = ctypes.CDLL(library)
    steps = _runtime_steps(loaded) if hasattr(loaded, "cudaFree") else _driver_steps(loaded)
    name_of = _runtime_name if hasattr(loaded, "cudaFree") else _driver_name
    answers = [(function, code) for function, step in steps if (code := step()) != SUCCESS]
    function, code = answers[0] if answers else (steps[-1][0], SUCCESS)
    return Answer(code, name_of(loaded, code), function)


def _runtime_steps(runtime: Any) -> list[tuple[str, Callable[[], int]]]:
    count = ctypes.c_int()
    return [
        ("cudaGetDeviceCount", lambda: int(runtime.cudaGetDeviceCount(ctypes.byref(count)))),
        ("cudaFree(0)", lambda: int(runtime.cudaFree(ctypes.c_void_p()))),
    ]


def _driver_steps(driver: Any) -> list[tuple[str, Callable[[], int]]]:
    device, context = ctypes.c_int(), ctypes.c_void_p()
    return [
        ("cuInit", lambda: int(driver.cuInit(0))),
        ("cuDeviceGet", lambda: int(driver.cuDeviceGet(ctypes.byref(device), 0))),
        (
            "cuDevicePrimaryCtxRetain",
            lambda: int(driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device)),
        ),
    ]


def _runtime_name(runtime: Any, code: int) -> str:
    runtime.cudaGetErrorName.restype = ctypes.c_char_p
    return str((runtime.cudaGetErrorName(code) or b"unknown").decode())


def _driver_name(driver: Any, code: int) -> str:
    name = ctypes.c_char_p()
    driver.cuGetErrorName(code, ctypes.byref(name))
    return (name.value or b"unknown").decode()


def in_forks(library: str, children: int) -> list[Answer]:
    """Initialise here, then in so many forked children: the answer here, and theirs."""
    answers = [initialise(library)]
    for _ in range(children):
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            _answer_and_leave(library, writes)
        os.close(writes)
        with os.fdopen(reads) as answer:
            told = answer.read()
        os.waitpid(child, 0)
        answers.append(Answer(**json.loads(told)) if told else Answer(-1, "the child died", "fork"))
    return answers


def _answer_and_leave(library: str, writes: int) -> None:
    """A forked child's whole life: nothing of its parent's may be torn down by it."""
    try:
        guard = objection()  # first: as in a worker, before the engine is built
        answer = asdict(initialise(library)) | {"guard": guard}
        os.write(writes, json.dumps(answer).encode())
    finally:
        os._exit(0)


def objection() -> str | None:
    """What the guard of an engine's process has against this one, None if nothing."""
    from actors.device import device_for
    from actors.errors import ConfigError
    from actors.settings import EngineConfig

    try:
        device_for(EngineConfig(), ["0"])
    except ConfigError as error:
        return error.what
    return None


def main() -> None:
    """See the module's own words."""
    act, library, *rest = sys.argv[1:]
    try:
        answers = in_forks(library, int(rest[0])) if act == "fork" else [initialise(library)]
    except OSError as error:
        answers = [Answer(-1, str(error), "dlopen")]
    print(json.dumps([asdict(answer) for answer in answers]), flush=True)
    if act == "own":
        sys.stdin.read()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
