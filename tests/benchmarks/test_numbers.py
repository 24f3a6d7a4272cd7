"""benchmarks/numbers.py: how readings are judged and kept, which systems read, and the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.rendered_numbers import judge, report, systems
from benchmarks.rendered_numbers.cache import Readings, name_of
from benchmarks.rendered_numbers.fonts import wheel_fonts
from benchmarks.rendered_numbers.judge import Case
from benchmarks.rendered_numbers.kinds import Item
from benchmarks.rendered_numbers.match import Line, Read
from benchmarks.rendered_numbers.readers import Reading, turned_back
from benchmarks.rendered_numbers.sheets import Contents, Order, render
from benchmarks.rendered_numbers.wear import CLEAN

ROOT = Path(__file__).resolve().parents[2]


def test_mcnemar_and_holm_against_known_values() -> None:
    """1 of 10 tosses: 2 * (1 + 10) / 1024. Holm's of his own kind: 0.01 * 4, 0.02 * 3, 0.03 * 2, 0.04."""
    assert judge.mcnemar(9, 1) == judge.mcnemar(1, 9) == pytest.approx(0.021484375)
    assert judge.mcnemar(0, 0) == judge.mcnemar(3, 3) == 1.0
    assert judge.mcnemar(12, 0) == pytest.approx(2 / 4096)
    assert judge.holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert judge.holm([0.9, 0.8]) == [1.0, 1.0]
    assert judge.holm([]) == []


def case(text: str, ours: str, stocks: str, score: float = 0.99, **more: Any) -> Case:
    where = {"font": "Vera", "x_height": 12, "wear": CLEAN} | more
    read = {"ours": Read(ours, score if ours else None), "stock": Read(stocks, 0.99 if stocks else None)}
    return Case(item=Item(text, "date", True), read=read, **where)


def test_a_font_that_loses_is_found_and_another_is_not() -> None:
    good = [case("11", "11", "11", font="good") for _ in range(40)]
    bad = [case("11", "1", "11", font="bad") for _ in range(20)]
    mixed = [case("11", "1", "11", font="mixed"), case("11", "11", "1", font="mixed")]
    found = judge.paired([*good, *bad, *mixed], "ours", "stock")
    worse = {(one.dimension, one.value): one.is_worse for one in found}
    assert worse == {
        ("font", "good"): False,
        ("font", "bad"): True,
        ("font", "mixed"): False,
        ("size", "12 px"): True,
        ("wear", CLEAN): True,
        ("kind", "date"): True,
    }
    assert judge.lost_share([*good, *bad, *mixed], "ours", "stock") == judge.Share(21, 61)


def test_a_promise_counts_characters_of_sure_items_alone() -> None:
    cases = [
        case("1111", "111", "1111", score=0.96),
        case("2222", "2222", "2222", score=0.96),
        case("3333", "9", "3333", score=0.5),
        case("4444", "", "4444"),
    ]
    found = judge.promise(cases, "ours", 0.95)
    assert (found.items, found.items_wrong, found.characters, found.wrong) == (2, 1, 8, 1)
    assert found.share == 0.125
    assert judge.promise(cases, "ours", 0.98).characters == 0


def test_the_tables_say_what_is_not_held() -> None:
    cases = [case("11", "11", "11")] * 30 + [case("22", "2", "22", wear="blur")] * 9
    tree = report.tree(cases, [Reading("ours", "fast"), Reading("stock", "stock")], ["ours"])
    held = {one["target"]: one["held"] for one in tree["targets"]}
    assert held == {
        "numbers exact as stock": False,
        "fonts, sizes, wears, kinds worse than stock": False,
        "of stock's numbers lost": False,
        "CER of clean words": True,
    }
    assert tree["systems"]["ours"]["numbers"] == pytest.approx(30 / 39)
    assert tree["numbers"]["wear"]["blur"] == {"items": 9, "ours": 0.0, "stock": 1.0}
    assert tree["against_stock"]["ours"]["lost"] == 9
    text = report.markdown(
        tree
        | {
            "date": "2026-01-02",
            "machine": {"processor": "p", "cores": 2, "memory_gib": 4, "system": "s"},
            "options": {"seed": 1},
            "versions": {"numpy": "2"},
            "missing": ["fonts-x"],
            "sheets": 3,
            "items": {"numbers": 39, "equal": 39, "words": 0},
        }
    )
    assert "| ours | wear: blur | 9 | 0 | 0.0039 |" in text
    assert "Not installed, and left out: fonts-x." in text
    assert "| ours | of stock's numbers lost | 0.10% | 23.08% (9 of 39) | NO |" in text


def test_readings_are_kept_for_a_system_and_a_sheet(tmp_path: Path) -> None:
    lines = [Line("1'234", 0.9375, (1.0, 2.0, 3.0, 4.0)), Line("ü", None, ())]
    contents = Contents(5, 4, 0, {}, lambda text: True)
    first, second = (Order(0, wheel_fonts()[0], x_height, CLEAN) for x_height in (12, 16))
    one, other = name_of(render(first, contents)), name_of(render(second, contents))
    assert one != other
    Readings(tmp_path, "stock", "a").add({one: lines})
    again = Readings(tmp_path, "stock", "a")
    assert again[one] == lines
    assert other not in again
    assert one not in Readings(tmp_path, "stock", "b")
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text("utf-8") + '{"sheet": "torn', "utf-8")
    assert Readings(tmp_path, "stock", "a")[one] == lines


@pytest.mark.parametrize(
    ("degrees", "place"), [(0, (10, 20)), (90, (80, 10)), (180, (40, 80)), (270, (20, 40))]
)
def test_polygons_of_pages_that_were_turned(degrees: int, place: tuple[int, int]) -> None:
    """The point (10, 20) of a page of 50×100, seen on the page as it was turned clockwise."""
    assert turned_back(tuple(map(float, place)), degrees, 50, 100) == (10.0, 20.0)


def test_systems_are_chosen_by_name() -> None:
    said: list[str] = []
    found = systems.choose(
        ["stock", "fast", "rapidocr-openvino"], ["a:", "b:rec_squeeze=1"], "m", "cpu", said.append
    )
    assert [one.name for one in found] == ["a", "b", "rapidocr-openvino", "stock"]
    assert found[1].settings == {"engine": "fast", "model": "m", "device": "cpu", "rec_squeeze": "1"}
    assert [one.is_fast for one in found] == [True, True, False, False]
    (half,) = systems.choose(["fast"], ["half:float16_emulated=1"], "m", "cpu", said.append)
    assert (half.settings["runtime"], half.settings["precision"]) == ("onnxruntime", "float32")
    with pytest.raises(ValueError, match="no system nobody"):
        systems.choose(["nobody"], [], "m", "cpu", said.append)
    with pytest.raises(ValueError, match="two systems are called stock"):
        systems.choose(["fast", "stock"], ["stock:"], "m", "cpu", said.append)


def test_without_variants_each_native_arithmetic_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.runtimes.cpu.cpu_has_bfloat16", lambda: False)
    said: list[str] = []
    found = systems.choose(["fast"], [], "PP-OCRv6_small", "cpu", said.append)
    assert "float32" in {one.name for one in found}
    assert "bfloat16" not in {one.name for one in found}
    assert "bfloat16 is left out: this CPU does not compute in it." in said
    assert any(text.startswith("float16 is left out: ") for text in said)


def test_scripts_beside_it_get_the_standard_librarys_numbers() -> None:
    """Python looks into a script's own folder first, where there is a numbers.py."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import fractions, numbers; print(numbers.Number)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "benchmarks")], capture_output=True, text=True, check=False
    )
    assert done.stdout == "<class 'numbers.Number'>\n", done.stderr


@pytest.mark.models
def test_float16_is_emulated_result_by_result(tmp_path: Path) -> None:
    """What the models give has float16's digits, and is nearly what they give in float32."""
    pytest.importorskip("onnx")
    from actors.runtimes import load
    from actors.runtimes.contracts import Placement, Weights
    from benchmarks.rendered_numbers.half import emulate
    from tests.actors.runtimes.graphs import batch, head

    (source,) = head(tmp_path, 13).files
    emulate(source, tmp_path / "half.onnx")
    exact, half = (
        load("onnxruntime", Weights("onnx", (file,)), Placement()).run(batch(3, width=64))[0]
        for file in (source, tmp_path / "half.onnx")
    )
    assert half.dtype == exact.dtype == np.float32
    assert np.allclose(exact, half, atol=2e-2)
    assert not np.array_equal(exact, half)


@pytest.mark.models
@pytest.mark.system("fonts")
def test_what_cannot_run_is_told_in_a_line() -> None:
    command = [sys.executable, "benchmarks/numbers.py", "--items", "1", "--systems", "fast"]
    for setting, reason in (("precision=float16", "engine.precision is float16"), ("odd=1", "odd")):
        done = subprocess.run(
            [*command, "--fast", f"x:{setting}"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith("None of the systems can run here. x is left out: ")
        assert reason in done.stderr


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.system("fonts", "words")
def test_the_command_from_sheets_to_tables(tmp_path: Path) -> None:
    """With the fake engine, which reads nothing that is there, and `compat`, which is kept."""
    from tests.models import require_model

    require_model()
    command = [sys.executable, "benchmarks/numbers.py", "--items", "16", "--systems", "fast,compat"]
    command += ["--fast", "fake:engine=fake", "--cache", str(tmp_path / "kept"), "--list-wrong"]
    for _ in range(2):
        done = subprocess.run(
            [*command, "--output", str(tmp_path / "n.json")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    tree = json.loads((tmp_path / "n.json").read_text("utf-8"))
    assert (tree["sheets"], tree["items"]["numbers"], tree["items"]["equal"]) == (1, 16, 8)
    assert tree["systems"]["fake"]["numbers"] == 0.0
    assert tree["systems"]["compat"]["numbers"] > 0.8
    assert tree["systems"]["compat"]["cpu_s_page"] is None, "the second run took what the first one read"
    assert (tmp_path / "n.md").read_text("utf-8") in done.stdout
    assert "fake: " in done.stdout.partition("# Wrong readings")[2]
    assert len(list((tmp_path / "kept").iterdir())) == 1
