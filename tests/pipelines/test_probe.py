"""The probe: which pages it takes, what it counts, and that the plan follows what was measured."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.contracts import DocRef, EngineInfo, Image, PageResult, document_id
from actors.engines.child import ChildEngine
from actors.engines.fake import FakeEngine
from actors.errors import ConfigError, MemoryLimitError
from actors.nvml import Card, CardMemory
from actors.runtimes.choose import Host
from actors.settings import DecodeConfig, EngineConfig
from pipelines.config import Config
from pipelines.job import Job, make_job
from pipelines.machine import Machine, Node, this_machine
from pipelines.nvidia import Gpu
from pipelines.plan import ENGINE_COSTS, Listing, Plan, make_plan
from pipelines.probe import NothingReadError, _seeing_one_card, probe, probed_plan
from pipelines.probe.card import Work, measure_card
from pipelines.probe.engine import measure_engine, start_engine
from pipelines.probe.measured import MEMORY_HEADROOM, CardLoad, Decoding, Measured, Recognition
from pipelines.probe.report import Probed
from pipelines.probe.sample import Sample, deal, documents_in_order, pages_in_order, read_sample
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig
from pipelines.view import Silence
from tests import nvml_library
from tests.cli import rayocr
from tests.nvidia_smi import Listed, install
from tests.pictures import folder_of_pictures, tiff

HOST = Host(frozenset({"onnxruntime"}), bfloat16=False)
LAPTOP = Machine((Node(2, 24_000),), host=HOST)
MANY_CORES = Machine((Node(64, 512_000),), host=HOST)
ONE_CARD = Machine((Node(16, 64_000, gpus=1, gpu_memory_mb=24_000),), host=HOST)


def config(source: Path | str = "in", probe: int | None = None, **engine: Any) -> Config:
    tree = {
        "source": {"path": str(source)},
        "output": {"path": "out"},
        "engine": {"engine": "fake", **engine},
        "resources": {"probe": probe},
    }
    return Config.model_validate(tree)


def measured(**changed: Any) -> Measured:
    """Figures of a probe; `changed`: of its fields, or of those of its recognition."""
    recognition = Recognition(
        pages=24,
        failed=0,
        warm_up=4,
        start_wall_s=3.0,
        start_cpu_s=2.0,
        first_wall_s=0.5,
        first_cpu_s=0.25,
        wall_s=0.6,
        cpu_s=0.5,
        driver_s=0.01,
        row_bytes=2500.0,
        memory_mb=1000,
    )
    own = {name: value for name, value in changed.items() if name in Recognition.__dataclass_fields__}
    rest = {name: value for name, value in changed.items() if name not in own}
    return Measured(
        **{
            "device": "cpu",
            "threads": 1,
            "batch_pages": 4,
            "decoding": Decoding(24, 0, 1.0, cpu_s=0.02, driver_s=0.005),
            "recognition": replace(recognition, **own),
            **rest,
        }
    )


def listed(folder: Path) -> list[DocRef]:
    return list(list_documents(SourceConfig(path=str(folder))))


def sample(refs: Sequence[DocRef], most: int) -> Sample:
    return read_sample(refs, most, DecodeConfig(), {})


def identities(found: Sample) -> list[tuple[str, int]]:
    return [(page.ref.key, page.decoded.page_index) for page in found.pages]


# The sample


@given(st.lists(st.integers(0, 12), max_size=8), st.integers(0, 60))
def test_pages_are_dealt_evenly_and_none_twice(counts: list[int], most: int) -> None:
    orders = [list(range(count)) for count in counts]
    dealt = deal(orders, most)
    assert sum(map(len, dealt)) == min(most, sum(counts))
    assert all(hand == order[: len(hand)] for hand, order in zip(dealt, orders, strict=True))
    unfinished = [len(hand) for hand, order in zip(dealt, orders, strict=True) if len(hand) < len(order)]
    assert max(map(len, dealt), default=0) - min(unfinished, default=0) <= 1 or not unfinished


@given(st.integers(1, 40), st.sets(st.integers(0, 39)))
def test_an_order_of_pages_holds_each_that_is_left_once(count: int, done: set[int]) -> None:
    ref = DocRef(document_id("a.pdf"), "a.pdf", "a.pdf", "1", done_pages=tuple(sorted(done)))
    order = pages_in_order(ref, count)
    assert sorted(order) == sorted(set(range(count)) - done)
    assert order == pages_in_order(ref, count)


def test_an_order_of_documents_is_not_that_of_the_listing() -> None:
    refs = [DocRef(document_id(key), key, key, "1") for key in (f"{number:03}" for number in range(200))]
    order = documents_in_order(refs, 20)
    assert order == documents_in_order(refs[::-1], 20)
    keys = sorted(int(ref.key) for ref in order)
    assert len(set(keys)) == 20
    assert keys[0] < 50
    assert keys[-1] > 150
    assert documents_in_order([*refs, replace(refs[0], document_id="f" * 32)], 20) == order


def test_the_same_source_gives_the_same_sample(tmp_path: Path) -> None:
    refs = listed(folder_of_pictures(tmp_path, 9))
    first, second = sample(refs, 4), sample(refs[::-1], 4)
    assert identities(first) == identities(second)
    assert len(set(identities(first))) == 4
    assert first.decoding.documents == 4
    assert first.decoding.a_document == 1


def test_a_sample_larger_than_the_source_is_the_source(tmp_path: Path) -> None:
    folder_of_pictures(tmp_path, 2)
    tiff(tmp_path / "five.tif", 5)
    found = sample(listed(tmp_path), 50)
    pages = [("five.tif", page) for page in range(5)]
    assert sorted(identities(found)) == [*pages, ("page-000.png", 0), ("page-001.png", 0)]
    assert found.decoding.a_document == pytest.approx(7 / 3)


def test_few_long_documents_give_several_pages_each(tmp_path: Path) -> None:
    for name in ("a.tif", "b.tif"):
        tiff(tmp_path / name, 6)
    found = identities(sample(listed(tmp_path), 6))
    assert len(set(found)) == 6
    assert sorted(key for key, _ in found) == ["a.tif"] * 3 + ["b.tif"] * 3


def test_what_cannot_be_decoded_is_skipped_and_counted(tmp_path: Path) -> None:
    folder_of_pictures(tmp_path, 4)
    for number in range(3):
        (tmp_path / f"broken-{number}.png").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    found = sample(listed(tmp_path), 8)
    assert len(found.pages) == 4
    assert (found.decoding.documents, found.decoding.failed) == (8, 4)
    assert len(found.faults) == 4


def test_pages_that_are_done_are_left_out(tmp_path: Path) -> None:
    tiff(tmp_path / "five.tif", 5)
    (ref,) = listed(tmp_path)
    found = sample([replace(ref, done_pages=(0, 1, 3))], 10)
    assert sorted(identities(found)) == [("five.tif", 2), ("five.tif", 4)]
    assert found.decoding.a_document == 2


# The engine


def job_of(settings: Config) -> tuple[Job, Plan]:
    plan = make_plan(settings, LAPTOP, Listing(10))
    return make_job(settings, plan, "probe", "probe"), plan


def test_an_engine_is_measured_in_its_own_process(tmp_path: Path) -> None:
    folder_of_pictures(tmp_path, 5, {1: "ff0000"})
    job, _ = job_of(config(tmp_path, fake={"ff0000": "raise"}))
    engine, start = start_engine(job)
    with closing(engine):
        found = measure_engine(engine, start, sample(listed(tmp_path), 5).pages, job, 2)
    assert (found.pages, found.failed, found.warm_up) in [(5, 1, 2), (4, 1, 2)]
    assert found.start_wall_s > 0
    assert found.start_cpu_s > 0
    assert found.memory_mb > 10
    assert 100 < found.row_bytes < 20_000


def test_an_engine_that_reads_nothing_gives_no_figures(tmp_path: Path) -> None:
    folder_of_pictures(tmp_path, 2)
    job, _ = job_of(config(tmp_path, fake={"*": "raise"}))
    engine, start = start_engine(job)
    with closing(engine), pytest.raises(ConfigError, match="None of the 2 pages") as caught:
        measure_engine(engine, start, sample(listed(tmp_path), 2).pages, job, 2)
    assert "told to raise" in caught.value.why


@pytest.mark.faults
def test_a_page_that_kills_the_engine_is_not_counted(tmp_path: Path) -> None:
    folder_of_pictures(tmp_path, 4, {1: "ff0000"})
    job, _ = job_of(config(tmp_path, fake={"ff0000": "exit"}))
    engine, start = start_engine(job)
    with closing(engine):
        found = measure_engine(engine, start, sample(listed(tmp_path), 4).pages, job, 1)
    assert (found.pages, found.failed) == (2, 1), "nor is the page after it, which waits for a fresh process"


# The plan


def test_what_was_measured_takes_the_place_of_every_estimate() -> None:
    made = measured(decoding=Decoding(8, 0, 2.5, cpu_s=0.02, driver_s=0.005))
    cost = made.cost(ENGINE_COSTS["fast"])
    assert (cost.cpu_s, cost.decode_s, cost.driver_s) == (0.5, 0.02, 0.015)
    assert (cost.start_s, cost.row_bytes, cost.pages) == (2.25, 2500, 2.5)
    assert cost.memory_mb == 1000 * MEMORY_HEADROOM
    assert cost.basis == "measured on 24 pages"


def test_the_plan_follows_the_measurement() -> None:
    settings = config(engine="fast")
    before = make_plan(settings, LAPTOP, Listing(1000))
    now = make_plan(settings, LAPTOP, Listing(1000), measured())
    assert now.number("pages_per_second") == pytest.approx(2 / 0.52, abs=0.001)
    assert now.number("expected_seconds") == pytest.approx(2.25 + 1000 * 0.52 / 2, abs=1)
    assert now.number("cpu_hours") == pytest.approx((1000 * 0.52 + 2 * 2.25) / 3600, rel=0.01)
    assert now.count("memory_per_actor_mb") == 1250
    for name in ("pages_per_second", "decode_tasks", "memory_per_actor_mb", "runner", "cpu_hours"):
        assert "measured on 24 pages" in getattr(now, name).reason
        assert "an estimate" in getattr(before, name).reason


def test_long_documents_take_longer() -> None:
    def planned(documents: int, pages: float) -> Plan:
        made = measured(decoding=Decoding(8, 0, pages, 0.02, 0.005))
        return make_plan(config(engine="fast"), LAPTOP, Listing(documents), made)

    short, long = planned(100, 1.0), planned(100, 30.0)
    assert long.number("expected_seconds") > 25 * short.number("expected_seconds")
    assert "30 pages a document" in long.expected_seconds.reason
    assert planned(1, 30.0).count("actors") == 2, "an engine for each core, although there is one document"
    assert planned(1, 1.0).count("actors") == 1


def test_more_memory_than_expected_means_fewer_engines() -> None:
    little = Machine((Node(16, 8_000),), host=HOST)
    before = make_plan(config(engine="fast"), little, Listing(1000))
    now = make_plan(config(engine="fast"), little, Listing(1000), measured(memory_mb=2000))
    assert now.count("actors") == (8_000 - 2_300) // 2_500 < before.count("actors")


def test_slow_decoding_means_more_decoders() -> None:
    slow = measured(decoding=Decoding(24, 0, 1.0, cpu_s=0.5, driver_s=0.005))
    before = make_plan(config(engine="fast"), MANY_CORES, Listing(1000))
    now = make_plan(config(engine="fast"), MANY_CORES, Listing(1000), slow)
    assert now.count("decode_tasks") > before.count("decode_tasks")


def test_a_slow_engine_changes_the_runner() -> None:
    """Of a thousand quick pages Ray would only be the start; of slow ones on many cores it is nothing."""
    quick = make_plan(config(), MANY_CORES, Listing(1000), measured(cpu_s=0.002, driver_s=0.0))
    busy_driver = make_plan(config(), MANY_CORES, Listing(1000), measured(cpu_s=0.002, driver_s=0.2))
    assert (quick.runner.value, busy_driver.runner.value) == ("inline", "ray")


@pytest.mark.parametrize(("engines", "gpu_s"), [(1, 0.1), (2, 0.0625), (3, 0.0625), (8, 0.05)])
def test_a_card_counts_as_it_is_with_as_many_engines(engines: int, gpu_s: float) -> None:
    loads = (CardLoad(1, 10, 0.4, 3000), CardLoad(2, 16, 0.7, 6000), CardLoad(4, 20, 1.0, 12_000))
    made = measured(device="gpu", card=loads, engines_a_card=engines)
    cost = made.cost(ENGINE_COSTS["fast"])
    assert cost.gpu_s == gpu_s
    assert cost.start_s == 3.5, "a card's start is waited for"
    shared = config(engine="fast").model_dump() | {"resources": {"gpus_per_actor": 1 / engines}}
    plan = make_plan(Config.model_validate(shared), ONE_CARD, Listing(100), made)
    assert plan.number("pages_per_second") == pytest.approx(1 / gpu_s)


def test_a_card_that_nobody_could_watch_counts_by_wall_time() -> None:
    assert measured(device="gpu", wall_s=0.25).cost(ENGINE_COSTS["fast"]).gpu_s == 0.25


def test_only_what_differs_is_reported() -> None:
    settings = config(engine="fast")
    made = measured(row_bytes=6000.0)
    before = make_plan(settings, LAPTOP, Listing(1000))
    report = Probed("fast", made, before, make_plan(settings, LAPTOP, Listing(1000), made))
    names = {change.name: (change.kind, change.before, change.after) for change in report.changes}
    assert names["CPU s to recognise a page"] == ("figure", "1.5", "0.5")
    assert names["expected_seconds"][0] == "choice"
    assert "bytes of a row" not in names
    assert "s of a card a page" not in names
    assert "actors" not in names
    assert all(before != after for _, before, after in names.values())


# All of it


def test_a_probe_of_a_source(tmp_path: Path) -> None:
    settings = config(folder_of_pictures(tmp_path, 6), probe=3)
    refs = listed(tmp_path)
    listing = Listing(len(refs))
    plan = make_plan(settings, LAPTOP, listing)
    found = probed_plan(settings, LAPTOP, plan, refs, listing, Silence())
    assert found.measured.recognition.pages == 3
    assert found.measured.device == "cpu"
    assert found.before == plan
    assert "measured on 3 pages of 3 documents" in found.describe()
    assert found.tree()["measured"]["recognition"]["pages"] == 3


def test_a_source_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("no picture")
    settings = config(tmp_path, probe=3)
    plan = make_plan(settings, LAPTOP, Listing(1))
    with pytest.raises(NothingReadError) as caught:
        probe(settings, LAPTOP, plan, listed(tmp_path), Silence())
    assert "broken.png" in caught.value.why


@pytest.mark.skipif(bool(this_machine().gpus), reason="there is a card here")
def test_a_card_elsewhere_cannot_be_probed(tmp_path: Path) -> None:
    settings = config(folder_of_pictures(tmp_path, 1), probe=1, engine="fast")
    plan = make_plan(settings, ONE_CARD, Listing(1))
    with pytest.raises(ConfigError, match="no card to measure on"):
        probe(settings, ONE_CARD, plan, listed(tmp_path), Silence())


# The card


class StandInCard:
    """A card of which each engine takes a share; others were there before."""

    def __init__(self, total: int, each: int, others: int = 0) -> None:
        self.engines = 1
        self._total, self._each, self._others = total, each, others

    def memory(self) -> CardMemory:
        return CardMemory(self._total, self._others + self._each * self.engines, None)

    def busy(self) -> float | None:
        return 0.25 * self.engines


class Counted:
    """A fake engine that knows how many calls there were at once."""

    def __init__(self, card: StandInCard, fault: Exception | None = None) -> None:
        self._engine = FakeEngine(EngineConfig(engine="fake"))
        self._card, self._fault = card, fault
        self.calls = 0
        self.threads: set[int] = set()
        self.closed = False

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        self.calls += 1
        self.threads.add(threading.get_ident())
        if self._fault is not None:
            raise self._fault
        return self._engine.recognize(pages)

    def release(self) -> None: ...

    def close(self) -> None:
        self.closed = True


def test_a_card_is_loaded_until_it_is_full(tmp_path: Path) -> None:
    pages = sample(listed(folder_of_pictures(tmp_path, 3)), 3).pages
    card = StandInCard(total=1000 << 20, each=300 << 20)
    first = Counted(card)
    more: list[Counted] = []
    said: list[str] = []

    def start() -> Counted:
        card.engines += 1
        more.append(Counted(card))
        return more[-1]

    loads = measure_card(first, start, card, Work(pages, 2, seconds=0.5), said.append)
    assert [load.engines for load in loads] == [1, 2]
    assert [load.memory_mb for load in loads] == [300, 600]
    assert [load.busy for load in loads] == [0.25, 0.5]
    assert all(load.pages_per_second > 0 for load in loads)
    assert said == ["the card has no memory for 4 engines: not measured"]
    assert [engine.closed for engine in more] == [True]
    assert not first.closed, "it belongs to the caller"
    assert more[0].calls > 1
    assert len(more[0].threads) == 2, "the warm-up's, and its own"


def test_what_others_take_of_the_card_is_not_the_engines(tmp_path: Path) -> None:
    """Beside 300 MiB of others two engines of 200 fit into 900; four would take more than are left."""
    pages = sample(listed(folder_of_pictures(tmp_path, 2)), 2).pages
    card, said = StandInCard(total=1000 << 20, each=200 << 20, others=300 << 20), list[str]()

    def start() -> Counted:
        card.engines += 1
        return Counted(card)

    work = Work(pages, 2, seconds=0.2, others=300 << 20)
    loads = measure_card(Counted(card), start, card, work, said.append)
    assert [(load.engines, load.memory_mb) for load in loads] == [(1, 200), (2, 400)]
    assert said == ["the card has no memory for 4 engines: not measured"]


def plan_on(tmp_path: Path, share: float, *cards: nvml_library.Built, **node: str) -> Any:
    """`rayocr plan --probe` on a machine with these made-up cards."""
    path = install(tmp_path / "bin", *[Listed(card.uuid, card.total) for card in cards])
    library = nvml_library.build(tmp_path / "lib", *cards)
    source = folder_of_pictures(tmp_path / "in", 2)
    arguments = ("-i", source, "-o", tmp_path / "out", "-s", "engine.engine=fake", "--runner", "ray")
    share_ = ("-s", f"resources.gpus_per_actor={share}", "--probe", "2", "--json")
    return rayocr("plan", *arguments, *share_, timeout=120, PATH=path, LD_LIBRARY_PATH=library, **node)


@pytest.mark.system("compiler")
@pytest.mark.slow
def test_engines_of_a_probe_claim_the_first_card_and_keep_to_their_share(tmp_path: Path) -> None:
    """Of the one that is full to 20,000 MiB a quarter cannot be had."""
    cards = nvml_library.Built("GPU-aa", used=700), nvml_library.Built("GPU-bb", used=20_000)
    done = plan_on(tmp_path / "aa", 0.25, *cards)
    assert done.returncode == 0, done.stderr
    loads = json.loads(done.stdout)["probe"]["measured"]["card"]
    assert [load["engines"] for load in loads] == [1, 2, 4]
    assert [load["busy"] for load in loads] == [pytest.approx(0.4)] * 3
    assert {load["memory_mb"] for load in loads} == {None}, "no engine took any"
    refused = plan_on(tmp_path / "bb", 0.25, *cards, CUDA_VISIBLE_DEVICES="GPU-bb,GPU-aa")
    assert refused.returncode == 2
    assert "4,576 of 24,576 MiB are free, its share is 5,836" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_probe_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus = [Gpu("GPU-bb", 1, 24_576), Gpu("GPU-aa", 0, 24_576)]
    monkeypatch.setattr("pipelines.probe.visible_gpus", lambda: tuple(gpus))
    for before in ("1,0", None):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", before or "")
        if before is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
        with suppress(ValueError), _seeing_one_card():
            assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-bb"
            raise ValueError
        assert os.environ.get("CUDA_VISIBLE_DEVICES") == before


def test_an_engine_that_fails_on_the_card_ends_the_loading_and_is_told(tmp_path: Path) -> None:
    pages = sample(listed(folder_of_pictures(tmp_path, 2)), 2).pages
    card = StandInCard(total=10_000 << 20, each=1 << 20)
    fault = MemoryLimitError("The card is full.", "Somebody else came.")
    said: list[str] = []
    loads = measure_card(
        Counted(card), lambda: Counted(card, fault), card, Work(pages, 2, seconds=0.2), said.append
    )
    assert [load.engines for load in loads] == [1]
    assert said == ["2 engines on the card could not be measured: The card is full. Somebody else came."]


class Driver:
    """NVML of one card that says how busy it is, or an error."""

    def __init__(self, answer: int, per_cent: int) -> None:
        self._answer, self._per_cent = answer, per_cent

    def nvmlInit_v2(self) -> int:  # noqa: N802 - NVML's name
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, _index: object, _handle: object) -> int:  # noqa: N802
        return 0

    def nvmlDeviceGetUtilizationRates(self, _handle: object, found: Any) -> int:  # noqa: N802
        found._obj.gpu = self._per_cent
        return self._answer


@pytest.mark.parametrize(("answer", "busy"), [(0, 0.37), (3, None)])
def test_how_busy_a_card_is(answer: int, busy: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    card = Card.open(Driver(answer, 37))
    assert card is not None
    assert card.busy() == busy


def test_a_child_has_a_process_id_until_it_is_closed() -> None:
    job, _ = job_of(config())
    engine = ChildEngine(job.engine, job.models, 1, 10.0)
    assert engine.pid is not None
    engine.close()
    assert engine.pid is None


def test_a_probe_of_no_pages_is_no_setting() -> None:
    with pytest.raises(ValueError, match="probe"):
        config(probe=0)
