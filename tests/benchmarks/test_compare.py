"""benchmarks/compare.py: ratios, means, tables, turns and scores, without any peer."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import compare
from benchmarks.peers import report, systems
from benchmarks.peers.adapter import Found, Reader, Ready, answer, load, one_by_one
from benchmarks.peers.number_report import number_table, numbers_beside, numbers_tree
from benchmarks.peers.number_tokens import NumberScore, number_tokens, score_numbers
from benchmarks.peers.pages import SETS, data_folder, labels, score
from benchmarks.peers.processes import Pool, Read, Turn, add
from benchmarks.peers.report import Row

ROOT = Path(__file__).resolve().parents[2]


def row(system: str, cpu_s: float, f1: float = 0.9, **changes: Any) -> Row:
    plain = Row(
        mode="one-thread",
        set="sroie",
        system=system,
        ours=system.startswith("fast") and "paddle" not in system,
        weights="small",
        precision="float32",
        settings="",
        pages=4,
        cpu_s_page=cpu_s,
        cpu_s_page_first=cpu_s * 1.5,
        pages_per_s=1 / cpu_s,
        peak_rss_mb=500.0,
        measure="word",
        f1=f1,
        text_precision=0.9,
        text_recall=0.9,
        errors=0,
        start_cpu_s=1.0,
        start_wall_s=1.0,
    )
    return dataclasses.replace(plain, **changes)


def test_the_geometric_mean():
    assert report.geometric_mean([0.25, 1.0]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="nothing"):
        report.geometric_mean([])


def test_a_ratio_is_to_the_cheapest_peer_of_the_same_weights():
    rows = [
        row("fast", 1.0, f1=0.95),
        row("stock", 2.5),
        row("faster-paddle", 2.0, f1=0.96),
        row("faster-paddle-tiny", 0.5, weights="tiny"),
        row("tesseract", 0.4, weights="tesseract"),
        row("stock", 1.5, set="funsd"),
    ]
    (found,) = report.ratios(rows)
    assert (found.peer, found.ratio, found.ratio_first) == ("faster-paddle", 0.5, 0.5)
    assert not found.no_lower_f1


def test_a_peer_that_failed_on_a_page_is_not_the_best():
    (found,) = report.ratios([row("fast", 1.0), row("stock", 0.1, errors=1), row("faster-paddle", 2.0)])
    assert found.peer == "faster-paddle"
    assert found.no_lower_f1


def test_variants_are_not_peers_of_each_other():
    found = report.ratios([row("fast", 1.0), row("fast-int8", 0.5), row("stock", 2.0)])
    assert [(one.variant, one.peer, one.ratio) for one in found] == [
        ("fast", "stock", 0.5),
        ("fast-int8", "stock", 0.25),
    ]


def test_a_mean_says_whether_all_sets_were_measured():
    rows = [
        row(name, cpu, set=where)
        for where in ("sroie", "funsd")
        for name, cpu in (("fast", 1.0), ("stock", 4.0))
    ]
    rows += [row("fast", 1.0, set="scene"), row("stock", 100.0, set="scene")]
    (two,) = report.means(report.ratios(rows), ("sroie", "funsd"))
    assert two.ratio == pytest.approx(0.25)
    assert two.complete
    (three,) = report.means(report.ratios(rows), ("sroie", "funsd", "scribe_docs"))
    assert (three.complete, three.sets) == (False, ("sroie", "funsd"))


def test_a_table():
    lines = report.table(("name", "figure"), [("a|b", "1")], text_columns=1).splitlines()
    assert lines == ["| name | figure |", "| --- | ---: |", "| a/b | 1 |"]


def test_the_report_has_a_table_per_set_and_says_what_was_left_out():
    tree = {
        "date": "2026-01-02T03:04:05+00:00",
        "machine": report.machine(),
        "options": {"rounds": 1, "chunk": 8, "processes": 2},
        "versions": {"stock": {"paddleocr": "3.7.0"}},
        "left_out": [
            {"system": "tesseract", "mode": mode, "set": "sroie", "reason": "not installed"}
            for mode in ("a", "b")
        ],
    }
    text = report.markdown(tree, [row("fast", 1.0), row("stock", 2.0)], ("sroie",))
    assert "## sroie, one-thread, 4 pages" in text
    assert "| stock | small | float32 | 2.000 |" in text
    assert "| 0.900 | - | 0 | 1.0 |" in text
    assert "| one-thread | fast | 0.500 |" in text
    assert "- tesseract: not installed (sroie a, sroie b)" in text


def test_numbers_are_tokens_with_three_digits_and_more():
    found = number_tokens("Total: $1,234.50\tRM12 (3.40) AL-3333-8333 12:30 １２３ 1,234.50 no")
    assert found == {"1,234.50": 2, "3.40": 1, "33338333": 1, "1230": 1, "123": 1}


def test_numbers_are_counted_page_by_page():
    found = score_numbers([("100 200 200", "200 100 999"), ("300", "100"), ("", "")])
    assert (found.labelled, found.read, found.hits) == (4, 4, 2)
    assert found.f1 == found.precision == found.recall == 0.5
    assert NumberScore(0, 0, 0).f1 == 1.0


def test_numbers_stand_beside_the_best_of_the_others():
    rows = [
        row("fast", 1.0, numbers=NumberScore(1000, 1000, 909)),
        row("latin", 1.0, ours=True, numbers=NumberScore(1000, 1000, 908)),
        row("stock", 2.0, numbers=NumberScore(1000, 1000, 910)),
        row("faster-paddle-tiny", 0.5, weights="tiny", numbers=NumberScore(1000, 1000, 700)),
        row("fast", 1.0, set="chinese"),
        row("stock", 2.0, set="chinese"),
    ]
    found = numbers_beside(rows)
    assert [(one.variant, one.best, one.no_lower) for one in found] == [
        ("fast", "stock", True),
        ("latin", "stock", False),
    ]
    assert "| one-thread | latin | sroie | stock | 1000 | 0.9080 | 0.9100 | no |" in number_table(found)
    assert numbers_tree(rows[0]) == {
        "labelled": 1000,
        "read": 1000,
        "hits": 909,
        "f1": 0.909,
        "precision": 0.909,
        "recall": 0.909,
    }


def test_results_from_before_numbers_were_counted_are_rows():
    tree = json.loads((ROOT / "benchmarks" / "results" / "compare.json").read_text("utf-8"))
    old = [{name: value for name, value in one.items() if name != "numbers"} for one in tree["rows"]]
    rows = [Row(**one) for one in old]
    text = report.markdown(tree, rows, ("sroie",))
    assert "| numbers | errors |" in text
    assert "## Exact numbers" not in text


def test_a_variant_from_the_command_line():
    found = systems.variant("latin:charset=latin,precision=int8")
    assert (found.name, found.ours) == ("latin", True)
    assert found.options["settings"] == {"charset": "latin", "precision": "int8"}
    for wrong in ("", ":a=b", "x:a"):
        with pytest.raises(ValueError, match="name:key=value"):
            systems.variant(wrong)


def test_systems_are_chosen_by_name():
    chosen = systems.choose(["one:", "two:"], ["fast", "stock"])
    assert [system.name for system in chosen] == ["one", "two", "stock"]
    assert len(systems.choose(["fast:"], [])) == 1 + len(systems.OTHERS)
    with pytest.raises(ValueError, match="no system nobody"):
        systems.choose(["fast:"], ["nobody"])
    with pytest.raises(ValueError, match="two systems are called stock"):
        systems.choose(["stock:"], [])


def test_every_peer_environment_has_pinned_requirements():
    for system in systems.OTHERS:
        if system.environment:
            lines = (systems.PEERS / f"{system.environment}.txt").read_text().splitlines()
            assert all("==" in line for line in lines if line and not line.startswith("#"))


def test_turns_rotate_and_every_system_reads_every_page_once():
    pools: Any = [
        SimpleNamespace(system=systems.System(name, "", whole_machine=name == "c"))
        for name in ("a", "b", "c")
    ]
    plan: Any = SimpleNamespace(chunk=4, processes=2)
    pages = [Path(str(number)) for number in range(10)]
    found = [
        (pool.system.name, list(part), batch)
        for pool, part, batch in compare.schedule(pools, pages, plan, compare.ALL_CORES, 1)
    ]
    assert [name for name, _, _ in found] == ["b", "c", "a", "a", "b"]
    for name in ("a", "b", "c"):
        assert [page for one, part, _ in found for page in part if one == name] == pages
    assert {name: batch for name, _, batch in found} == {"a": 2, "b": 2, "c": 10}


def test_turns_add_up():
    page = Path("a.png")
    both = add(
        [Turn({page: Read("x", [], None)}, 1, 2.0, 3.0), Turn({page: Read("y", [], None)}, 1, 4.0, 5.0)]
    )
    assert (both.pages[page].text, both.measured, both.cpu_s, both.busy_s) == ("y", 2, 6.0, 8.0)


class Picky(Reader):
    """Fails on every second page."""

    form = "rgb"
    ready = Ready("none", "none", "", ())

    def read(self, pages: Any) -> list[Found]:
        return one_by_one(self._read, pages)

    def _read(self, page: int) -> Found:
        if page % 2:
            raise ValueError("odd\npage")
        return Found("even")


def test_an_error_belongs_to_its_page():
    found = answer(Picky(), ["a", "b"], [0, 1])["pages"]
    assert [(page["file"], page["text"], page["error"]) for page in found] == [
        ("a", "even", None),
        ("b", "", "ValueError: odd page"),
    ]


def test_pages_are_upright_in_every_form(tmp_path: Path):
    from PIL import Image

    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (40, 20), (255, 0, 0)).save(tmp_path / "page.png", exif=exif)
    assert load(tmp_path / "page.png", "rgb", tmp_path).shape == (40, 20, 3)
    assert load(tmp_path / "page.png", "bgr", tmp_path)[0, 0].tolist() == [0, 0, 255]
    assert load(tmp_path / "page.png", "bytes", tmp_path).startswith(b"BM")
    with Image.open(load(tmp_path / "page.png", "file", tmp_path)) as picture:
        assert picture.size == (20, 40)


def test_a_fax_is_a_file_in_colour(tmp_path: Path):
    """Tesseract reads files, of the same pixels that others get."""
    from PIL import Image

    fax = tmp_path / "fax.tif"
    Image.new("1", (40, 30), 1).save(fax, compression="group4", dpi=(300, 300))
    (tmp_path / "scratch").mkdir()
    with Image.open(load(fax, "file", tmp_path / "scratch")) as file:
        assert (file.mode, file.size, file.info["dpi"]) == ("RGB", (40, 30), (300, 300))
        assert file.getextrema() == ((255, 255),) * 3


def test_a_pool_of_our_engine_reads_and_an_unknown_setting_says_so(tmp_path: Path):
    from PIL import Image

    pages = [tmp_path / f"{number}.png" for number in range(5)]
    for page in pages:
        Image.new("RGB", (64, 48), "white").save(page)
    options = {"threads": 1, "lang": "en"}
    pool = Pool(systems.variant("fake:engine=fake"), 2, options, pages[0])
    try:
        turn = pool.turn(pages, 2)
        assert set(turn.pages) == set(pages)
        assert turn.measured == 5
        assert pool.peak_rss_mb > 10
        pool._adapters[0]._process.kill()
        pool._adapters[0]._process.wait()
        again = pool.turn(pages, 5)
        assert set(again.pages) == set(pages)
    finally:
        pool.close()
    with pytest.raises(systems.CannotRunError, match="no_such_setting"):
        Pool(systems.variant("odd:engine=fake,no_such_setting=1"), 1, options, pages[0])


def test_without_data_it_ends_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RAYOCR_DATA", str(tmp_path))
    with pytest.raises(SystemExit, match="RAYOCR_DATA"):
        data_folder()


@pytest.mark.data
def test_scores_are_of_the_pages_that_were_read(tmp_path: Path):
    from tests.data import require_data

    data = require_data()
    for chosen in SETS:
        pages = labels(data, chosen, 2, tmp_path)
        assert len(pages) == 2, chosen
        assert all(page.path.is_file() for page in pages)
    right = {page.path: Read(page.row["text"], [], None) for page in pages}
    perfect = score(data, chosen, pages, right)
    assert perfect.f1 == 1.0
    assert perfect.numbers is not None
    assert perfect.numbers.labelled > 10
    assert perfect.numbers.f1 == 1.0
    assert score(data, chosen, pages, dict(list(right.items())[:1])).f1 < 1.0


@pytest.mark.data
def test_the_command_with_the_fake_engine(tmp_path: Path):
    from tests.data import require_data

    require_data("sroie")
    command = [sys.executable, "benchmarks/compare.py", "--sets", "sroie", "--pages", "3", "--chunk", "1"]
    command += [
        "--fast",
        "fake:engine=fake",
        "--systems",
        "fake",
        "--rounds",
        "2",
        "--output",
        str(tmp_path / "c.json"),
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    tree = json.loads((tmp_path / "c.json").read_text("utf-8"))
    assert [(one["mode"], one["pages"], one["errors"]) for one in tree["rows"]] == [
        ("one-thread", 3, 0),
        ("all-cores", 3, 0),
    ]
    assert tree["rows"][0]["numbers"]["labelled"] > 20
    assert (tmp_path / "c.md").read_text("utf-8").startswith("# Engines and their peers")
