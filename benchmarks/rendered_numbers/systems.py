"""Which systems read the sheets: variants of our engine, `compat`, stock, and the peers that give lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.peers import systems as peers

FAST, COMPAT, STOCK = "fast", "compat", "stock"
HALF = "float16_emulated"
"""A setting of a variant beside those of `EngineConfig`: its models compute in float16, emulated."""

PEERS: Mapping[str, peers.System] = {
    one.name: one for one in peers.OTHERS if one.environment and not one.name.endswith("tiny")
}
"""Those with weights of the same size, each in an environment that is built when it is first asked for."""

NAMES = (FAST, COMPAT, STOCK, *PEERS)

_FLOAT32 = {"runtime": "onnxruntime", "precision": "float32"}
_PRECISIONS: Mapping[str, Mapping[str, str]] = {
    "float32": _FLOAT32,
    "bfloat16": {"precision": "bfloat16"},
    "float16": {"precision": "float16"},
    "int8": {"precision": "int8"},
    "int8-latin": {"precision": "int8", "charset": "latin"},
}


@dataclass(frozen=True)
class System:
    """A reader's name, and the settings of its engine (`actors.settings.EngineConfig`) or what peer it is."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_fast: bool = False
    peer: peers.System | None = None


def choose(
    names: Sequence[str], variants: Sequence[str], model: str, device: str, say: Callable[[str], None]
) -> list[System]:
    """The systems of these names, ours first, stock last; `variants` as `name:key=value,...`, none for each
    arithmetic that this machine has natively. Raises ValueError."""
    if unknown := sorted(set(names) - set(NAMES)):
        raise ValueError(f"no system {', '.join(unknown)}; there are {', '.join(NAMES)}")
    base = {"model": model, "device": device}
    found: list[System] = []
    if FAST in names:
        told = [peers.variant(text) for text in variants]
        ours = {one.name: one.options["settings"] for one in told} or native(base, say)
        for name, more in ours.items():
            arithmetic = _FLOAT32 if HALF in more else {}
            found.append(System(name, {**base, "engine": FAST, **arithmetic, **more}, is_fast=True))
    if COMPAT in names:
        settings = _FLOAT32 if device == "cpu" and model_is_onnx(model) else {"precision": "float32"}
        found.append(System(COMPAT, {**base, **settings, "engine": FAST, "compat": True}))
    found += [System(name, peer=peer) for name, peer in PEERS.items() if name in names]
    if STOCK in names:
        found.append(System(STOCK, {**base, "engine": STOCK}))
    doubles = {one.name for one in found if sum(one.name == other.name for other in found) > 1}
    if doubles:
        raise ValueError(f"two systems are called {', '.join(sorted(doubles))}")
    return found


def model_is_onnx(model: str) -> bool:
    """Whether a model of the catalog is executed by ONNX Runtime and OpenVINO, not by Paddle."""
    from actors.models.catalogue import find_model

    return find_model(model).format == "onnx"


def native(base: Mapping[str, Any], say: Callable[[str], None]) -> dict[str, Mapping[str, str]]:
    """Our engine in each arithmetic that this machine computes natively; int8 where a model was made."""
    from actors.engines import describe_engine
    from actors.errors import ConfigError
    from actors.runtimes.cpu import cpu_has_bfloat16
    from actors.settings import EngineConfig

    found: dict[str, Mapping[str, str]] = {}
    for name, settings in _PRECISIONS.items():
        if name == "bfloat16" and not cpu_has_bfloat16():
            say("bfloat16 is left out: this CPU does not compute in it.")
            continue
        on_onnx = base["device"] == "cpu" and model_is_onnx(base["model"])
        given = settings if on_onnx else {"precision": settings["precision"]}
        try:
            describe_engine(EngineConfig.model_validate({**base, **given}))
        except ConfigError as error:
            say(f"{name} is left out: {str(error).splitlines()[0]}")
            continue
        found[name] = given
    return found
