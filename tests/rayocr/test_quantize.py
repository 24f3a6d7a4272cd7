"""`rayocr models quantize`, as a user runs it: what it makes, what it tells, and what it refuses.

Making a model needs the extra `quantize`, which `make test-quantize` has; the rest runs without it.
"""

from __future__ import annotations

import json
from contextlib import closing
from importlib import util
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from actors.contracts import Line, PageResult
from actors.engines import build_engine
from actors.settings import EngineConfig, ModelsConfig
from pipelines.quantise.measure import Cost, Measured
from pipelines.quantise.report import Detection, Pages, make_report
from pipelines.quantise.sample import SamplePage, read_sample
from pipelines.quantise.scores import accuracy, agreement, words
from pipelines.quantise.truth import Truth
from tests.cli import ROOT, rayocr
from tests.invariance import compare, drawn
from tests.models import require_model
from tests.pictures import folder_of_pictures

MODEL = "PP-OCRv6_tiny"
TEXTS = (
    ("Harbour Lane 28", "TOTAL 1234.56", "Thank you"),
    ("INVOICE 2026-104", "Bread 2 x 1.95", "Cheese 7.40"),
    ("Signed in the presence", "of two witnesses", "14 May 1998"),
)

needs_extra = pytest.mark.skipif(
    not all(util.find_spec(name) for name in ("nncf", "rapidfuzz", "openvino")),
    reason="needs the extra `quantize`: make test-quantize",
)
needs_rapidfuzz = pytest.mark.skipif(not util.find_spec("rapidfuzz"), reason="needs the extra `quantize`")


def write_page(path: Path, lines: tuple[str, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = Image.new("RGB", (420, 40 * len(lines) + 40), (255, 255, 255))
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((20, 20 + 40 * number), line, fill=(0, 0, 0), font=ImageFont.load_default(24))
    sheet.save(path)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    for number, lines in enumerate(TEXTS):
        write_page(folder / "scans" / f"{number}.png", lines)
    truth = [{"file": f"scans/{number}.png", "text": "\n".join(text)} for number, text in enumerate(TEXTS)]
    (folder / "truth.jsonl").write_text("\n".join(map(json.dumps, truth)))
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of its own, with the model in it."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / MODEL).symlink_to(require_model(MODEL).folder)
    return folder


def quantize(*arguments: str | Path, **environment: str) -> tuple[int, str, list[str]]:
    """Exit code, stdout, and the three lines of an error without their labels."""
    answer = rayocr("models", "quantize", "--model", MODEL, *arguments, **environment)
    errors = [
        line[7:] for line in answer.stderr.splitlines() if line[:7] in ("error: ", "why:   ", "do:    ")
    ]
    return answer.returncode, answer.stdout, errors


def test_without_the_packages(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['nncf'] = None\n")
    code, out, errors = quantize("--sample", tmp_path, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert (code, out) == (2, "")
    assert "nncf" in errors[0]
    assert errors[-1] == "pip install 'rayocr[quantize]'"


def test_what_cannot_be_quantised(tmp_path: Path) -> None:
    answer = rayocr("models", "quantize", "--model", "PP-OCRv4_mobile", "--sample", tmp_path)
    assert answer.returncode == 2
    assert "paddle format" in answer.stderr


def test_names_and_charsets_are_checked_first(tmp_path: Path) -> None:
    code, _, errors = quantize("--sample", tmp_path, "--name", "My Model")
    assert code == 2
    assert "cannot be called 'My Model'" in errors[0]
    code, _, errors = quantize("--sample", tmp_path, "--charset", "latain")
    assert code == 2
    assert "no charset 'latain'" in errors[0]


def test_nothing_is_asked_of_who_gives_no_sample() -> None:
    answer = rayocr("models", "quantize")
    assert answer.returncode == 2
    assert "--sample" in answer.stderr


@pytest.mark.skipif(not util.find_spec("openvino"), reason="needs openvino")
@pytest.mark.parametrize("name", ["plan", "run"])
def test_an_int8_model_that_was_not_made(tmp_path: Path, name: str) -> None:
    """Said before a weight is fetched, or anything is written."""
    source, cache = folder_of_pictures(tmp_path / "in", 1), tmp_path / "cache"
    settings = (f"engine.model={MODEL}", "engine.precision=int8", "engine.calibration=receipts")
    options = [part for one in (*settings, f"models.cache={cache}") for part in ("--set", one)]
    answer = rayocr(name, "-i", source, "-o", tmp_path / "out", *options)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.splitlines() == [
        f"error: There is no int8 model receipts of {MODEL}.",
        f"why:   {cache}/int8/{MODEL} has none.",
        f"do:    Make it: rayocr models quantize --model {MODEL} --charset all --sample FOLDER"
        " --name receipts",
    ]
    assert not cache.exists()
    assert not (tmp_path / "out").exists()


@needs_extra
@pytest.mark.models
@pytest.mark.slow
def test_samples_that_cannot_calibrate(tmp_path: Path, cache: Path) -> None:
    code, _, errors = quantize("--sample", tmp_path / "nowhere", "--cache", cache)
    assert code == 2
    assert "nowhere" in errors[0]
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    code, _, errors = quantize("--sample", tmp_path / "torn", "--cache", cache)
    assert code == 2
    assert errors[0] == "None of the 1 documents of the sample could be read."
    write_page(tmp_path / "blank" / "a.png", ())
    code, _, errors = quantize("--sample", tmp_path / "blank", "--cache", cache)
    assert code == 2
    assert errors[0] == "There is no text in the sample."
    assert list((cache / "int8" / MODEL).iterdir()) == []


@pytest.fixture(scope="module")
def made(cache: Path, sample: Path) -> tuple[int, str, list[str]]:
    """What was told when a model was made of the sample, into the cache."""
    truth = sample / "truth.jsonl"
    return quantize("--sample", sample / "scans", "--charset", "latin", "--truth", truth, "--cache", cache)


@needs_extra
@pytest.mark.models
@pytest.mark.slow
def test_pages_read_alike_alone_and_in_any_batch(made: tuple[int, str, list[str]], cache: Path) -> None:
    assert made[0] == 0
    config = EngineConfig(model=MODEL, precision="int8", charset="latin", threads=1)
    pages = [drawn(seed) for seed in range(40)]
    with closing(build_engine(config, ModelsConfig(cache=str(cache)))) as engine:
        alone = [engine.recognize([page])[0] for page in pages]
        batches = [engine.recognize(pages[start : start + 8]) for start in range(0, len(pages), 8)]
    lines, same = compare(alone, [result for batch in batches for result in batch])
    assert lines > 150
    assert same >= 0.995 * lines


@needs_extra
@pytest.mark.models
@pytest.mark.slow
def test_from_pages_to_a_run(
    tmp_path: Path, cache: Path, sample: Path, made: tuple[int, str, list[str]]
) -> None:
    scans = sample / "scans"
    code, out, errors = made
    assert (code, errors) == (0, [])
    for told in (
        "CPU s a page",
        "character error rate against float32",
        "lines of float32 found",
        "word F1 against the truth",
        "measured on the same pages",
        "(this CPU",  # whether int8 is faster depends on the machine
        "over the 3 measured pages whose text is known",
    ):
        assert told in " ".join(out.split()), told
    *_, settings = out.splitlines()
    card = json.loads((cache / "int8" / MODEL / "latin" / "card.json").read_text())
    assert set(card["sources"]) == {"det.onnx", "rec.onnx"}
    assert set(card["versions"]) == {"nncf", "openvino"}
    assert card["report"]["columns"][-1]["accuracy"]["word_f1"] > 0.6

    cached = ["--set", f"models.cache={cache}"]
    answer = rayocr("run", "-i", scans, "-o", tmp_path / "out", *settings.split(), *cached)
    assert answer.returncode == 0, answer.stderr

    answer = rayocr("run", "-i", scans, "-o", tmp_path / "all", "-s", "engine.precision=int8",
                    "-s", f"engine.model={MODEL}", *cached)  # fmt: skip
    assert answer.returncode == 2
    assert "There is no int8 model of PP-OCRv6_tiny for the charset all yet." in answer.stderr
    assert "--charset all" in answer.stderr

    weights = cache / "int8" / MODEL / "latin" / "rec.bin"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    answer = rayocr("run", "-i", scans, "-o", tmp_path / "altered", *settings.split(), *cached)
    assert answer.returncode != 0
    assert "rec.bin has another SHA-256" in answer.stderr


def line(text: str, top: float) -> Line:
    return Line(text, 1.0, (0, top, 90, top, 90, top + 10, 0, top + 10))


@needs_rapidfuzz
def test_agreement_does_not_ask_for_the_same_order() -> None:
    theirs = [PageResult((line("alpha", 0), line("beta", 20), line("gamma", 40)))]
    ours = [PageResult((line("beta", 21), line("alpha", 1), line("new", 80)))]
    found = agreement(ours, theirs)
    assert (found.found, found.equal) == (2 / 3, 2 / 3)
    assert found.cer == (len("gamma") + len("new")) / len("alphabetagamma")
    same = agreement(theirs, theirs)
    assert (same.cer, same.found, same.equal) == (0, 1, 1)


@needs_rapidfuzz
def test_accuracy_counts_pages_with_a_truth_alone() -> None:
    read = [PageResult((line("Total 12.50", 0),)), PageResult((line("x", 0),))]
    known = accuracy(read, ["TOTAL 12.60", None])
    assert known is not None
    assert (known.word_f1, known.pages) == (2 * 2 / 6, 1)
    assert accuracy(read, [None, None]) is None


def test_words() -> None:
    assert words("Straße №5: e-mail, ﬁne\n12.50") == ["strasse", "no5", "e", "mail", "fine", "12", "50"]


def test_truth_is_found_by_the_end_of_a_path(tmp_path: Path) -> None:
    rows = [
        {"file": "a/1.png", "text": "one"},
        {"file": "b/1.png", "text": "two"},
        {"file": "long.pdf", "text": "second\u2028page", "page": 2},
        {"file": "twice.png", "text": "so"},
        {"file": "twice.png", "text": "or so"},
    ]
    file = tmp_path / "truth.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", "utf-8")
    truth = Truth([str(file)])

    def of(uri: str, index: int = 0, count: int = 1) -> str | None:
        return truth.of(SamplePage(uri, index, count, None))

    assert of("/data/a/1.png") == "one"
    assert of("s3://bucket/b/1.png") == "two"
    assert of("/data/aa/1.png") is None
    assert of("/data/a/1.png", 0, 2) is None
    assert of("/data/long.pdf", 1, 3) == "second\u2028page"
    assert of("/data/long.pdf", 0, 3) is None
    assert of("/data/twice.png") is None


def test_truth_that_is_none(tmp_path: Path) -> None:
    from actors.errors import ConfigError

    file = tmp_path / "truth.jsonl"
    file.write_text('{"file": "a.png", "text": "a"}\n{"file": "a.png"}\n')
    with pytest.raises(ConfigError, match="line 2"):
        Truth([str(file)])
    with pytest.raises(ConfigError, match="cannot be read"):
        Truth([str(tmp_path / "none")])


def test_one_page_in_three_is_held_out_of_a_sample(tmp_path: Path) -> None:
    folder = str(folder_of_pictures(tmp_path / "many", 30))
    sample = read_sample([folder], [], 9)
    assert (len(sample.calibration), len(sample.held_out), sample.separate) == (6, 3, True)
    assert not {page.uri for page in sample.calibration} & {page.uri for page in sample.held_out}
    names = [Path(page.uri).name for page in sample.calibration]
    assert names[0] == "page-000.png"
    assert names[-1] > "page-020"
    few = read_sample([folder], [], 5)
    assert few.calibration == few.held_out
    assert not few.separate
    other = read_sample([folder], [str(folder_of_pictures(tmp_path / "other", 2))], 9)
    assert (len(other.calibration), len(other.held_out), other.separate) == (9, 2, True)


@needs_rapidfuzz
@pytest.mark.parametrize(("seconds", "told"), [(0.5, "int8 takes 0.50 of"), (1.1, "not faster than float32")])
def test_the_report_says_whether_it_is_worth_it(seconds: float, told: str) -> None:
    read = (PageResult((line("alpha", 0),)),)
    measured = {
        "float32": Measured("onnxruntime", "float32", read, Cost(1.2, 1.0, 0.3, 0.6)),
        "int8": Measured("openvino", "int8", read, Cost(1.3, seconds, 0.3, 0.4)),
    }
    report = make_report(measured, [None], Pages(2, 40, 1, separate=True), Detection(9, 10, False, True))
    sentences = "\n".join(report.sentences())
    assert told in sentences
    assert "90.0% of the 10 lines" in sentences
    assert "detection stays in float32" in sentences
    assert "give --truth" in sentences
    assert "by itself" not in sentences
    assert not any("truth" in row[0] for row in report.rows())
    json.dumps(report.in_card())


@needs_rapidfuzz
@pytest.mark.parametrize(("seconds", "slower"), [(0.4, True), (0.6, False)])
def test_the_report_says_where_bfloat16_is_the_faster_one(seconds: float, slower: bool) -> None:
    read = (PageResult((line("alpha", 0),)),)
    measured = {
        "float32": Measured("onnxruntime", "float32", read, Cost(1.2, 1.0, 0.3, 0.6)),
        "bfloat16": Measured("openvino", "bfloat16", read, Cost(0.9, seconds, 0.1, 0.2)),
        "int8": Measured("openvino", "int8", read, Cost(1.3, 0.5, 0.3, 0.4)),
    }
    report = make_report(measured, [None], Pages(2, 40, 1, separate=True), Detection(9, 10, False, True))
    told = [sentence for sentence in report.sentences() if "by itself" in sentence]
    assert bool(told) == slower
    assert all("bfloat16" in sentence and "0.80 of int8's" in sentence for sentence in told)
