"""The pulse of an engine's process: what it had for its work, told to the journal."""

from __future__ import annotations

import time

from actors.journal import MemoryJournal
from actors.pulse import Pulse


def wait_until_told(journal: MemoryJournal, seconds: float) -> float:
    deadline = time.monotonic() + 30
    while (lived := journal.so_far().lived_s) < seconds and time.monotonic() < deadline:
        time.sleep(0.02)
    return lived


def test_a_process_that_works_tells_what_it_had() -> None:
    journal = MemoryJournal()
    assert journal.so_far().lived_ago_s == float("inf")
    pulse = Pulse(journal, every_s=0.05)
    pulse.start()
    assert wait_until_told(journal, 0.3) >= 0.3
    assert journal.so_far().lived_ago_s < 30
    pulse.end()


def test_what_gets_done_starts_it_anew() -> None:
    journal = MemoryJournal()
    journal.engine_lives("a", 5.0)
    journal.engine_lives("b", 2.0)
    journal.engine_lives("b", 2.0)
    assert journal.so_far().lived_s == 5.0
    journal.note([("x", 0)])
    assert journal.so_far().lived_s == 5.0
    journal.strike([("x", 0)])
    assert journal.so_far().lived_s == 0.0


def test_an_idle_one_is_as_slow_as_its_machine_is_busy() -> None:
    journal = MemoryJournal()
    pulse = Pulse(journal, every_s=0.05, spare=lambda: 0.0)
    pulse.idle = True
    pulse.start()
    time.sleep(0.3)
    pulse.end()
    assert journal.so_far().lived_s == 0.0
    assert journal.so_far().lived_ago_s < 30


def test_a_journal_that_is_gone_ends_nothing() -> None:
    class Gone:
        def engine_lives(self, name: str, own_s: float) -> None:
            raise ConnectionError(name, own_s)

    pulse = Pulse(Gone(), every_s=0.01)
    pulse.start()
    time.sleep(0.1)
    pulse.end()
