"""benchmarks/gpu.py: engines that are read with, runs, targets, and the whole command without a card."""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actors.nvml import CardMemory
from benchmarks import gpu
from benchmarks.card import reader, rendered
from benchmarks.card.files import Run, RunFailedError, RunOrder, repeat, run
from benchmarks.card.judge import EngineRow, engine_row, targets
from benchmarks.card.reader import Pass, ReadPage
from benchmarks.card.watch import mean_at_work, watched
from tests import nvml_library
from tests.cli import ROOT, environ
from tests.nvidia_smi import Listed, install
from tests.pictures import folder_of_pictures


def row(variant: str, rate: float, name: str = "funsd", **changes: Any) -> EngineRow:
    plain = EngineRow(
        set=name,
        variant=variant,
        runtime="onnxruntime",
        precision="float32",
        pages_per_s=rate,
        first_pages_per_s=rate / 2,
        stages={"total": 4.0, "detection": 1.0, "recognition": 2.0, "waiting": 0.5, "boxes": 3.0},
        cpu={"total": 0.5, "detection": 0.1, "recognition": 0.2, "waiting": 0.0, "boxes": 2.5},
        warm_up_s=2.0,
        decode_ms=5.0,
        start_s=3.0,
        busy=0.5,
        memory_mb=1_000,
        f1=0.95,
        lines=1000,
        equal=995,
        lines_alike=1000,
        equal_alike=999,
        errors=0,
    )
    return dataclasses.replace(plain, **changes)


def a_run(engines: int, rate: float) -> Run:
    return Run(
        "funsd", "float32", engines, 1 / engines, int(rate * 10), 10.0, {"ray": 9.0}, 0.7, 2_000, (900,)
    )


def held(rows: list[EngineRow], runs: list[Run] | None = None, share: float = 1.0) -> dict[str, bool | None]:
    found = targets(rows, {"funsd": 0.951, "sroie": 0.95}, runs or [], lambda _: share)
    return {target.name: target.held for target in found}


@pytest.mark.parametrize(("rate", "kept"), [(80.0, True), (79.0, False)])
def test_eight_times_stock(rate: float, kept: bool) -> None:
    assert held([row("stock", 10.0), row("float32", rate)])["funsd: pages a second over stock's"] is kept


def test_what_was_not_measured_is_not_held() -> None:
    found = held([row("float32", 80.0)])
    assert found["funsd: pages a second over stock's"] is None
    assert found["lines in float16 that are as on the CPU, all sets"] is None


def test_the_fastest_that_failed_on_no_page_counts() -> None:
    rows = [row("stock", 10.0), row("float32", 60.0), row("float16", 300.0, errors=1)]
    found = held(rows)
    assert found["funsd: pages a second over stock's"] is False
    assert found["funsd: pages a second, decoded pages, one card"] is False
    assert held([row("float32", 271.0)])["funsd: pages a second, decoded pages, one card"] is True


@pytest.mark.parametrize(("f1", "kept"), [(0.949, True), (0.953, True), (0.9485, False), (0.9535, False)])
def test_f1_within_two_thousandths(f1: float, kept: bool) -> None:
    assert held([row("float32", 1.0, f1=f1)])["funsd: word F1 of float32 against the CPU's"] is kept


@pytest.mark.parametrize(("equal", "kept"), [(985, True), (984, False)])
def test_lines_in_float16_are_counted_over_all_sets(equal: int, kept: bool) -> None:
    rows = [row("float16", 1.0, name, precision="float16") for name in ("funsd", "sroie")]
    rows[1] = dataclasses.replace(rows[1], equal=equal, equal_alike=equal)
    rows[0] = dataclasses.replace(rows[0], equal_alike=995)
    found = held(rows)
    assert found["lines in float16 that are as on the CPU, all sets"] is kept
    assert found["lines in float16 that are as on the CPU with a card's sizes, all sets"] is kept


@pytest.mark.parametrize(
    ("four", "share", "kept"),
    [(12.0, 0.25, True), (9.0, 1.0, True), (9.0, 0.5, True), (9.0, 0.25, False), (9.0, 0.0, True)],
)
def test_four_engines_pay_or_are_not_chosen(four: float, share: float, kept: bool) -> None:
    runs = [a_run(1, 10.0), a_run(2, 11.0), a_run(4, four)]
    assert held([row("float32", 1.0)], runs, share)["funsd: 4 float32 engines on a card against 1"] is kept


def test_runs_that_are_missing_decide_nothing() -> None:
    found = held([row("float32", 1.0)], [a_run(1, 10.0)])
    assert found["funsd: 4 float32 engines on a card against 1"] is None


def test_the_plan_is_asked_with_the_runs_as_its_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", install(tmp_path, Listed("GPU-aa", 81_559)))
    monkeypatch.setattr("pipelines.machine._cpus", lambda: 8)
    bench: Any = argparse.Namespace(options=argparse.Namespace(model="PP-OCRv6_small"))
    assert gpu.share_chosen(bench, [a_run(1, 10.0), a_run(2, 15.0)]) == 0.5
    assert gpu.share_chosen(bench, [a_run(1, 10.0), a_run(2, 10.5)]) == 1


def test_a_pass_beside_the_cpus() -> None:
    def read(*texts: str) -> ReadPage:
        return ReadPage(list(texts), [])

    reference = Pass(
        "funsd", "x", "float32", 1, 0.1, 0.5, 0, 0.0, {}, {}, 0.0, None, 0, {"a": read("1", "2")}
    )
    one = dataclasses.replace(
        reference,
        pages=20,
        seconds=2.0,
        stages={"detection": 0.5, "total": 1.5},
        cpu={"detection": 0.1},
        read={"a": read("1", "3")},
    )
    alike = dataclasses.replace(reference, read={"a": read("1", "3")})
    found = engine_row("float16", one, reference, alike, 0.9)
    assert (found.pages_per_s, found.first_pages_per_s) == (10.0, 2.0)
    assert found.stages == {"detection": 25.0, "total": 75.0}
    assert found.cpu == {"detection": 5.0}
    assert (found.lines, found.equal, found.equal_share) == (2, 1, 0.5)
    assert (found.lines_alike, found.equal_alike, found.alike_share) == (2, 2, 1.0)
    assert reference.pages_per_s == 2.0, "of the first pass, where that was all"


def test_an_engine_is_read_with_in_a_process_of_its_own(tmp_path: Path) -> None:
    folder = folder_of_pictures(tmp_path, 3)
    files = sorted(map(str, folder.iterdir()))
    order = reader.Order({"engine": "fake", "device": "cpu"}, {"one": files, "two": files[:1]}, 0.2, 2)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.card.reader", json.dumps(dataclasses.asdict(order))],
        capture_output=True,
        text=True,
        env=environ(),
        cwd=ROOT,
        check=True,
    )
    one, two = reader.parse(done.stdout)
    assert (one.set, list(one.read), two.set, list(two.read)) == ("one", files, "two", files[:1])
    assert one.pages >= 2
    assert one.seconds >= 0.2
    assert (one.busy, one.memory_mb) == (None, 0), "nobody looks at a card that is not used"


@pytest.mark.parametrize(
    ("pages", "size", "batches"),
    [("abcde", 2, ["ab", "cd", "ea"]), ("abcd", 2, ["ab", "cd"]), ("abc", 4, ["abc"])],
)
def test_batches_are_full(pages: str, size: int, batches: list[str]) -> None:
    found = reader.full_batches(list(pages), size)  # type: ignore[arg-type]
    assert ["".join(map(str, batch)) for batch in found] == batches


def test_a_setting_that_cannot_be_is_told_in_a_line() -> None:
    order = reader.Order({"engine": "fast", "device": "cpu", "precision": "float16"}, {"one": []}, 0, 1)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.card.reader", json.dumps(dataclasses.asdict(order))],
        capture_output=True,
        text=True,
        env=environ(),
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1
    assert "engine.precision is float16" in done.stderr.strip().rpartition("\n")[2]


def test_where_the_time_goes() -> None:
    gap = row("float32", 200.0).gap
    assert gap is not None
    assert (gap.models, gap.waiting, gap.own) == (0.75, 0.125, 0.125)
    assert gap.limit == pytest.approx(1000 / 3)
    assert row("stock", 10.0, stages={}).gap is None, "it does not count"


def test_idle_moments_before_and_after_do_not_count() -> None:
    assert mean_at_work([0, 0, 0.5, 0, 1.0, 0]) == 0.5
    assert mean_at_work([0, 0]) == 0.0
    assert mean_at_work([]) is None


def test_a_card_is_looked_at_while_something_works() -> None:
    class Card:
        looks = 0

        def busy(self) -> float | None:
            self.looks += 1
            return 0.5 if self.looks > 1 else None

        def memory(self) -> CardMemory | None:
            return CardMemory(24 << 30, (self.looks % 3) << 30, None)

    card = Card()
    with watched(card) as seen:
        while card.looks < 4:
            pass
    assert seen.mean_busy() == 0.5
    assert seen.memory_mb == 2 << 10
    with watched(None) as nothing:
        pass
    assert (nothing.mean_busy(), nothing.memory_mb) == (None, 0)


def test_pages_are_repeated_under_names_of_their_own(tmp_path: Path) -> None:
    files = sorted(folder_of_pictures(tmp_path / "in", 2).iterdir())
    names = sorted(file.name for file in repeat(files, tmp_path / "out", 5).iterdir())
    assert len(names) == 5


def test_the_commands_of_runs() -> None:
    order = RunOrder("funsd", "float16", {"device": "gpu", "tensorrt": True}, 4, 16)
    command = order.command(Path("in"), Path("out"))
    assert {"resources.gpus_per_actor=0.25", "engine.tensorrt=true", "resources.batch_pages=16"} <= set(
        command
    )
    command = dataclasses.replace(order, settings={"device": "cpu"}).command(Path("in"), Path("out"))
    assert "resources.actors=4" in command
    assert not any("gpus_per_actor" in word for word in command)


def test_a_run_that_cannot_be_says_why(tmp_path: Path) -> None:
    order = RunOrder("funsd", "float32", {"engine": "fake", "device": "gpu"}, 1, 1)
    with pytest.raises(RunFailedError, match=r"exit code 2: .*GPU"):
        run(order, folder_of_pictures(tmp_path / "in", 1), tmp_path / "out")


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.system("compiler")
def test_a_run_on_a_card_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, as the driver's library is found when it starts."""
    card = nvml_library.Built("GPU-aa", used=700, own=600)
    code = (
        "import sys, json, dataclasses; from pathlib import Path\n"
        "from benchmarks.card.files import RunOrder, run\n"
        "order = RunOrder('s', 'v', {'engine': 'fake', 'device': 'gpu'}, 2, 2)\n"
        "print(json.dumps(dataclasses.asdict(run(order, Path(sys.argv[1]), Path(sys.argv[2])))))\n"
    )
    node = {
        "PATH": install(tmp_path / "bin", Listed("GPU-aa")),
        "LD_LIBRARY_PATH": nvml_library.build(tmp_path / "lib", card),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, folder_of_pictures(tmp_path / "in", 12), tmp_path / "out"],
        capture_output=True,
        text=True,
        env=environ(**node),
        cwd=ROOT,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["engines"], found["share"], found["pages"]) == (2, 0.5, 12)
    assert (found["busy"], found["memory_mb"]) == (pytest.approx(0.4), 700)
    assert set(found["own_mb"]) == {600}


def command(*arguments: str | Path, timeout: float = 60, **node: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "benchmarks/gpu.py", *arguments],
        capture_output=True,
        text=True,
        env=environ(**node),
        cwd=ROOT,
        timeout=timeout,
        check=False,
    )


def test_without_a_card_it_says_so_in_three_lines(tmp_path: Path) -> None:
    done = command("--output", tmp_path / "gpu.json", PATH="/nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 3
    assert "no card" in done.stderr
    assert not (tmp_path / "gpu.json").exists()


def test_a_card_without_a_package_for_it_is_no_measurement(tmp_path: Path) -> None:
    if gpu.gpu_package_missing("onnx") is None:
        pytest.skip("the package is installed here")
    done = command(PATH=install(tmp_path, Listed("GPU-aa")))
    assert done.returncode == 2
    assert done.stderr.startswith("The package onnxruntime-gpu is not installed.\n")


def test_results_have_what_they_depend_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = argparse.Namespace(
        device="gpu", model="m", sets=["funsd"], pages=None, seconds=20.0, files=3000, tensorrt=False,
        threads=8, numbers=1200, at_once=[1, 2, 4], output=tmp_path / "results" / "gpu.json",
    )  # fmt: skip
    rows, runs = [row("stock", 10.0), row("float32", 90.0)], [a_run(1, 10.0), a_run(4, 12.0)]
    bench = gpu.Bench(options, tmp_path, {}, rows, runs, {"funsd": 0.95}, [{"what": "float16", "why": "x"}])
    found = targets(rows, bench.cpu_f1, runs, lambda _: 1)
    gpu.print_tables(bench, found)
    gpu.write(bench, found)
    told = capsys.readouterr().out
    assert "9.0 times (float32)" in told
    assert "3.0 / 2.5" in told, "boxes, by the clock and of CPUs"
    assert "333.33" in told, "pages a second of the models alone"
    assert "left out: float16: x" in told
    assert gpu.REHEARSAL not in told
    tree = json.loads(options.output.read_text())
    assert {"date", "machine", "versions", "options", "engines", "runs", "targets", "left_out"} <= set(tree)
    assert tree["engines"][1]["equal_share"] == 0.995
    assert tree["engines"][1]["gap"]["waiting"] == 0.125
    assert tree["runs"][1]["pages_per_s"] == 12.0


def test_numbers_on_rendered_sheets_are_read_by_each_engine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[list[str]] = []

    def ran(command: list[str]) -> str:
        seen.append(command)
        return "RuntimeError: no such card" if "tensorrt" in command[command.index("--keep") + 1] else ""

    shares = ("numbers", "numbers_equal", "numbers_clean", "words_cer")
    tree = {
        "sheets": 2,
        "items": {"numbers": 32, "equal": 16, "words": 12},
        "systems": {
            name: {"is": name, "faults": 0, **dict.fromkeys(shares, 0.5)}
            for name in ("float16", "stock")
        },
        "against_stock": {"float16": {"lost": 3, "read_by_stock": 30}},
        "targets": [{"system": "float16", "target": "lost", "asked": "0", "measured": "3", "held": False}],
    }  # fmt: skip
    (tmp_path / "numbers.json").write_text(json.dumps(tree), "utf-8")
    monkeypatch.setattr(rendered, "_run", ran)
    engines = {"float16": {"precision": "float16"}, "tensorrt": {"tensorrt": True}, "stock": {}}
    left_out: list[tuple[str, str]] = []
    order = rendered.NumbersOrder("m", "gpu", 4, 1200, engines)
    assert rendered.measure(order, tmp_path, lambda *why: left_out.append(why)) == tree
    assert left_out == [("tensorrt, rendered numbers", "RuntimeError: no such card")]
    assert [command[command.index("--systems") + 1] for command in seen] == [
        "fast",
        "fast",
        "stock",
        "fast,stock",
    ]
    assert seen[-1][-2:] == ["--fast", "float16:precision=float16"]
    assert [(one.name, one.held) for one in rendered.targets(tree)] == [
        ("rendered numbers, float16: lost", False)
    ]
    from rich.console import Console

    Console(width=150).print(rendered.table(tree))
    told = capsys.readouterr().out
    assert "32 numbers and 12 words on 2 rendered sheets" in told
    assert "3 of 30" in told


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.models
@pytest.mark.data
@pytest.mark.timeout(900)
def test_a_rehearsal_does_all_of_it_and_writes_nothing(tmp_path: Path) -> None:
    from tests.data import require_data
    from tests.models import require_model

    require_data("sroie")
    require_model()
    few = ("--sets", "sroie", "--pages", "2", "--at-once", "1,2", "--threads", "1", "--seconds", "0.1")
    few += ("--numbers", "16")
    done = command("--device", "cpu", *few, "--output", tmp_path / "gpu.json", timeout=850)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(gpu.REHEARSAL) == 2
    assert "100.00%" in done.stdout, "float32 on the CPU reads what float32 on the CPU reads"
    assert "recognition" in done.stdout
    assert "models alone" in done.stdout
    assert "1 float32" in done.stdout
    assert "2 float32" in done.stdout
    assert "rendered sheets" in done.stdout or "rendered numbers" in done.stdout, "or why not"
    assert not (tmp_path / "gpu.json").exists()
