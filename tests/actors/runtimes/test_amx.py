"""AMX: bfloat16 has it, int8 never, and a process that has decided does not change its mind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.errors import ConfigError
from actors.runtimes import amx, load
from actors.runtimes.contracts import Placement, Precision, Weights
from tests.actors.runtimes.graphs import doubling

FLAGS = "actors.runtimes.cpu.cpu_flags"
LIMIT = "ONEDNN_MAX_CPU_ISA"


@pytest.fixture
def undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process on a CPU with AMX in which nothing has been decided; what a test decides is undone."""
    monkeypatch.setattr(FLAGS, lambda: frozenset({"amx_int8", "amx_bf16", "avx512_bf16"}))
    monkeypatch.setenv(LIMIT, "")
    monkeypatch.delenv(LIMIT)


@pytest.mark.parametrize(
    ("order", "decided"),
    [
        (["int8"], "AVX512_CORE_FP16"),
        (["int8+bfloat16"], "AVX512_CORE_FP16"),
        (["float32", "int8"], "AVX512_CORE_FP16"),
        (["bfloat16", "float32"], "DEFAULT"),
        (["int8", "bfloat16"], "AVX512_CORE_FP16"),
    ],
)
@pytest.mark.usefixtures("undecided")
def test_the_first_one_decides(order: list[Precision], decided: str) -> None:
    for precision in order:
        amx.settle(precision)
    assert os.environ[LIMIT] == decided


@pytest.mark.usefixtures("undecided")
def test_int8_is_refused_where_amx_is_in_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    amx.settle("bfloat16")
    with pytest.raises(ConfigError, match="cannot follow bfloat16") as caught:
        amx.settle("int8")
    assert "AVX512_CORE_FP16" in caught.value.remedy
    monkeypatch.setenv(LIMIT, "avx512_core_amx")
    quantised = Weights("openvino", doubling(tmp_path).files)
    with pytest.raises(ConfigError, match="cannot follow bfloat16"):
        load("openvino", quantised, Placement(precision="int8"))


@pytest.mark.usefixtures("undecided")
def test_a_set_that_the_user_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT, "AVX2")
    amx.settle("int8")
    assert os.environ[LIMIT] == "AVX2"


def test_other_cpus_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FLAGS, lambda: frozenset({"avx512_bf16"}))
    monkeypatch.delenv(LIMIT, raising=False)
    for precision in ("bfloat16", "int8"):
        amx.settle(precision)
        assert amx.environment(precision) == {}
    assert LIMIT not in os.environ


@pytest.mark.usefixtures("undecided")
def test_a_process_of_its_own_gets_what_it_needs() -> None:
    assert amx.environment("bfloat16") == {LIMIT: "DEFAULT"}
    assert amx.environment("int8") == {LIMIT: "AVX512_CORE_FP16"}
