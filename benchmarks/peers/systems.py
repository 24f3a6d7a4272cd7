"""What is compared: each system, its adapter, and the environment that it runs in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PEERS = Path(__file__).parent
ENVIRONMENTS = PEERS.parent / ".envs"


class CannotRunError(Exception):
    """A system cannot run here; the message says why in one line."""


@dataclass(frozen=True)
class System:
    """One row of the tables. `environment`: a name under `.envs`, None for the interpreter of the benchmark.

    `program`: what must be on PATH. `whole_machine`: it starts its own processes, and takes a set as a whole.
    """

    name: str
    adapter: str
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: str | None = None
    program: str | None = None
    whole_machine: bool = False
    ours: bool = False


def _rapidocr(runtime: str, settings: Mapping[str, Any]) -> System:
    name = f"rapidocr-{runtime}"
    return System(name, "rapidocr_adapter", {"runtime": runtime, "settings": settings}, name)


def _faster_paddle(name: str, size: str) -> System:
    options = {"size": size, "batch": 0, "settings": {}}
    return System(name, "faster_paddle_adapter", options, "faster-paddle")


# Where a setting is not the peer's default, README.md beside this file has the figures.
OTHERS: tuple[System, ...] = (
    System("stock", "stock_adapter"),
    _rapidocr("onnxruntime", {"Rec.rec_batch_num": 1, "EngineConfig.onnxruntime.enable_cpu_mem_arena": True}),
    _rapidocr("openvino", {}),
    _faster_paddle("faster-paddle", "small"),
    _faster_paddle("faster-paddle-tiny", "tiny"),
    System("tesseract", "tesseract_adapter", {"settings": {"psm": 3}}, program="tesseract"),
    System("naive-ray", "naive_ray_adapter", whole_machine=True),
)


def variant(text: str) -> System:
    """A variant of this project's engine from `name:key=value,key=value`. Raises ValueError."""
    name, _, rest = text.partition(":")
    pairs = [part.partition("=") for part in rest.split(",") if part]
    if not name or any(not key or not sign for key, sign, _ in pairs):
        raise ValueError(f"{text!r} is not like name:key=value,key=value")
    return System(name, "engine_adapter", {"settings": {key: value for key, _, value in pairs}}, ours=True)


def choose(variants: Sequence[str], names: Sequence[str]) -> list[System]:
    """The systems to measure: all, or those named (`fast` names all variants). Raises ValueError."""
    ours = [variant(text) for text in variants]
    known = {system.name for system in OTHERS} | {"fast"} | {system.name for system in ours}
    if unknown := sorted(set(names) - known):
        raise ValueError(f"no system {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    found = [*ours, *OTHERS]
    doubles = {system.name for system in found if sum(system.name == other.name for other in found) > 1}
    if doubles:
        raise ValueError(f"two systems are called {', '.join(sorted(doubles))}")
    wanted = set(names) | ({system.name for system in ours} if "fast" in names else set())
    return [system for system in found if not names or system.name in wanted]


def interpreter(system: System) -> Path:
    """The Python that runs a system's adapter; its environment is built if need be. Raises CannotRunError."""
    if system.program and not shutil.which(system.program):
        raise CannotRunError(f"not installed: apt install {system.program}-ocr")
    if system.environment is None:
        return Path(sys.executable)
    folder = ENVIRONMENTS / system.environment
    wanted = (PEERS / f"{system.environment}.txt").read_text()
    built = folder / "requirements.txt"
    python = folder / "bin" / "python"
    if not built.is_file() or built.read_text() != wanted:
        _build(folder, python, PEERS / f"{system.environment}.txt")
        built.write_text(wanted)
    return python


def _build(folder: Path, python: Path, requirements: Path) -> None:
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(requirements)],
    ):
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            lines = (answer.stderr or answer.stdout).strip().splitlines() or ["no message"]
            raise CannotRunError(f"its environment could not be built: {lines[-1]}")
