"""benchmarks/numbers.py: what is rendered, how readings are matched and judged, and the command."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.rendered_numbers import judge, kinds, report, systems
from benchmarks.rendered_numbers.cache import Readings, name_of
from benchmarks.rendered_numbers.fonts import FONTS, Font, can_write, is_installed, picture, wheel_fonts
from benchmarks.rendered_numbers.judge import Case
from benchmarks.rendered_numbers.kinds import Item
from benchmarks.rendered_numbers.match import Line, Read, distance, errors, folded, is_exact, match
from benchmarks.rendered_numbers.readers import Reading, turned_back
from benchmarks.rendered_numbers.sheets import X_HEIGHTS, Contents, Order, Sheet, orders, render
from benchmarks.rendered_numbers.wear import CLEAN, WEARS
from benchmarks.rendered_numbers.words import load, words

ROOT = Path(__file__).resolve().parents[2]
ANYTHING = Contents(5, 14, 0, {}, lambda text: True)


def sheet(wear: str = CLEAN, x_height: int = 12, index: int = 3, contents: Contents = ANYTHING) -> Sheet:
    return render(Order(index, wheel_fonts()[0], x_height, wear), contents)


def read_perfectly(one: Sheet, score: float = 0.99) -> list[Line]:
    """The truth of each item at its place, on the worn page."""
    turn, shift = one.back[:, :2], one.back[:, 2]
    lines = []
    for placed in one.placed:
        left, top, right, bottom = placed.box
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        polygon = (corners - shift) @ np.linalg.inv(turn).T
        lines.append(Line(placed.item.text, score, tuple(polygon.reshape(-1).tolist())))
    return lines


@pytest.mark.parametrize("wear", WEARS)
def test_a_sheet_is_the_same_for_a_seed(wear: str) -> None:
    first, again = sheet(wear), sheet(wear)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.placed == again.placed
    other = render(first.order, Contents(6, 14, 0, {}, lambda text: True))
    assert [one.item for one in other.placed] != [one.item for one in first.placed]


@pytest.mark.parametrize("wear", WEARS)
@pytest.mark.parametrize("x_height", X_HEIGHTS)
def test_items_stand_apart_and_where_they_are_said_to_be(wear: str, x_height: int) -> None:
    """All ink of a clean sheet is in the boxes, which keep their distance; wear leaves pages readable."""
    one = sheet(wear, x_height)
    boxes = [placed.box for placed in one.placed]
    assert one.pixels.dtype == np.uint8
    assert one.pixels.shape[2] == 3
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= one.pixels.shape[1]
        assert 0 <= top < bottom <= one.pixels.shape[0]
        for other in boxes[number + 1 :]:
            across = max(left, other[0]) - min(right, other[2])
            down = max(top, other[1]) - min(bottom, other[3])
            assert across >= 3 * x_height or down >= x_height
    assert np.ptp(one.pixels.astype(int)) >= 50
    if wear == CLEAN:
        ink = one.pixels[:, :, 0] < 255
        for left, top, right, bottom in boxes:
            ink[int(top) : int(bottom), int(left) : int(right)] = False
        assert not ink.any()


@pytest.mark.parametrize("wear", WEARS)
def test_a_perfect_reading_is_matched_wherever_the_page_was_turned(wear: str) -> None:
    one = sheet(wear)
    lines = read_perfectly(one)
    random.Random(1).shuffle(lines)
    found, strays = match(one, lines).reads, match(one, lines).strays
    assert strays == 0
    assert [read.text for read in found] == [placed.item.text for placed in one.placed]
    assert {read.score for read in found} == {0.99}


def test_lines_of_one_item_are_joined_and_strays_belong_to_none() -> None:
    one = sheet()
    (left, top, right, bottom), middle = one.placed[0].box, sum(one.placed[0].box[::2]) / 2
    halves = [
        Line("34", 0.9, (middle, top, right, top, right, bottom, middle, bottom)),
        Line("12", 0.7, (left, top, middle, top, middle, bottom, left, bottom)),
        Line("stray", 0.9, (0, 0, 9, 0, 9, 9, 0, 9)),
        Line("whole row", 0.9, (left, top, 5 * right, top, 5 * right, bottom, left, bottom)),
    ]
    found = match(one, halves).reads
    assert match(one, halves).strays == 2
    assert found[0] == Read("12 34", 0.7)
    assert set(found[1:]) == {Read("", None)}


def test_orders_hold_each_combination_once_and_any_part_of_all() -> None:
    fonts = [Font(f"font {number}", "sans", None, "") for number in range(16)]
    found = orders(fonts, X_HEIGHTS, list(WEARS), 7)
    assert len({(one.font, one.x_height, one.wear) for one in found}) == len(found) == 16 * 4 * 6
    part = found[: 16 * 6]
    for key in ("font", "x_height", "wear"):
        counts = [
            sum(getattr(one, key) == value for one in part) for value in {getattr(one, key) for one in found}
        ]
        assert min(counts) > 0
        assert max(counts) <= 2.1 * min(counts) or key != "font"


@pytest.mark.parametrize("kind", kinds.KINDS)
@pytest.mark.parametrize("equal", [True, False])
def test_each_kind_of_number(kind: str, equal: bool) -> None:
    chance = random.Random(kind)
    found = [kinds.number(chance, kind, equal) for _ in range(40)]
    texts = [item.text for item in found if item is not None]
    assert len(texts) == 40
    assert len(set(texts)) > 20
    fits = kinds.has_equal_neighbors if equal else kinds.has_no_equal_digits
    assert all(fits(text) for text in texts)
    assert all(text.isascii() or set(text) <= set("0123456789.,€£ ") for text in texts)


def test_groups_of_the_world() -> None:
    assert kinds.grouped("12345678", ",") == "12,345,678"
    assert kinds.grouped("12345678", ",", then=2) == "1,23,45,678"
    assert kinds.grouped("123", ".") == "123"


def test_account_numbers_have_their_check_digits() -> None:
    chance = random.Random(3)
    for _ in range(20):
        item = kinds.number(chance, "IBAN", equal=True)
        assert item is not None
        text = item.text.replace(" ", "")
        moved = text[4:] + text[:4]
        assert int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def test_numbers_keep_to_what_a_font_can_write_and_half_have_equal_neighbors() -> None:
    def known(text: str) -> bool:
        return set(text) <= set("0123456789.:- ")

    found = kinds.numbers(random.Random(2), [*kinds.KINDS, *kinds.KINDS], known)
    assert len(found) == 28
    assert sum(bool(item.equal) for item in found) == 14
    assert all(known(item.text) for item in found)


def test_words_are_of_all_languages_half_of_them_accented(tmp_path: Path) -> None:
    for file, text in (
        ("american-english", "plain\nIllinois\nxyz\nnaïve"),
        ("ngerman", "Straße\nHaus\nüber"),
        ("french", "élan\nchat"),
        ("spanish", "niño\ncasa\nq"),
    ):
        (tmp_path / file).write_text(text + "\n", "utf-8")
    lists = load(lambda text: "x" not in text, tmp_path)
    assert lists["English"] == ("plain", "naïve")
    assert lists["Spanish"] == ("niño", "casa")
    found = words(random.Random(1), 40, lists, lambda text: True)
    assert {item.language for item in found} == {"English", "German", "French", "Spanish"}
    assert sum(not item.text.isascii() for item in found) >= 20
    assert words(random.Random(1), 4, {}, lambda text: True) == []


@pytest.mark.parametrize("font", [*wheel_fonts(), *filter(is_installed, FONTS)], ids=str)
def test_a_font_has_its_x_height_and_no_boxes_for_what_it_lacks(font: Font) -> None:
    assert not can_write(font, "ก")
    assert can_write(font, "0123456789.:- ")
    letter, share = ("x", 1.0) if can_write(font, "x") else ("8", 1.4)
    for x_height in X_HEIGHTS:
        assert picture(font, letter, x_height).height == pytest.approx(share * x_height, abs=2.2)
    assert picture(font, "11", 16).width > picture(font, "1", 16).width


def test_signs_are_compared_without_their_forms() -> None:
    assert is_exact("CHF 1'234.50", "CHF1’234．50")
    assert is_exact("-5", "−5")
    assert is_exact("DE12 3456", "DE123456")
    assert not is_exact("1,5", "1.5")
    assert not is_exact("été", "ete")
    assert folded("e\u0301") == "é"


def test_errors_are_edit_distances() -> None:
    assert distance("", "abc") == 3
    assert distance("kitten", "sitting") == 3
    assert errors("800,000.00", "800,0000") == 2
    assert errors("3333", "3333") == 0


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
        "fonts, sizes, wears worse than stock": False,
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
    one, other = name_of(sheet()), name_of(sheet(x_height=16))
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
def test_what_cannot_run_is_told_in_a_line() -> None:
    if not any(map(is_installed, FONTS)):
        pytest.skip("none of the fonts is installed")
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
def test_the_command_from_sheets_to_tables(tmp_path: Path) -> None:
    """With the fake engine, which reads nothing that is there, and `compat`, which is kept."""
    from tests.models import require_model

    require_model()
    if not any(map(is_installed, FONTS)):
        pytest.skip("none of the fonts is installed")
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
