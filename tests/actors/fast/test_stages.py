"""Seconds by stage."""

from __future__ import annotations

import threading
import time

import pytest

from actors.engines.fast.stages import Spent, Stages, idle_share


def test_seconds_of_all_threads_are_added_up() -> None:
    stages, count, rounds = Stages(), 4, 200

    def work() -> None:
        for _ in range(rounds):
            with stages.count("boxes"):
                sum(range(300))

    threads = [threading.Thread(target=work) for _ in range(count)]
    before = time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = stages.read()["boxes"]
    assert 0 < spent.cpu <= time.process_time() - before
    assert spent.wall > 0


def test_what_fails_is_counted_and_counting_begins_anew() -> None:
    stages = Stages()
    with pytest.raises(ValueError, match="a bug"), stages.count("decode"):
        raise ValueError("a bug")
    assert set(stages.read()) == {"decode"}
    stages.restart()
    assert stages.read() == {}


def test_the_device_idles_where_no_session_runs() -> None:
    spent = {"total": Spent(10.0), "detection": Spent(2.0), "recognition": Spent(5.0), "boxes": Spent(30.0)}
    assert idle_share(spent) == pytest.approx(0.3)  # type: ignore[arg-type]
    assert idle_share({}) is None
    assert idle_share({"total": Spent(1.0), "detection": Spent(1.1)}) == 0.0
