"""What the table at the end says: what is done and left, engines that were replaced, and their cards."""

from __future__ import annotations

from dataclasses import replace

from actors.claim import CardUse
from actors.journal import MemoryJournal
from pipelines.summary import EXIT_COMPLETE, EXIT_INTERRUPTED, Summary

NOTHING = Summary("r", "out", EXIT_COMPLETE, 1, 1, 1, 0, 0, 0, 1, 2.0, 1.0)
USE = CardUse("one", "node", 11, "GPU-aa", 24_576, 5_544, 3_000)


def row(*uses: CardUse) -> str:
    return dict(replace(NOTHING, cards=uses).rows())["card memory"]


def test_on_cpus_there_is_no_such_line() -> None:
    assert "card memory" not in dict(NOTHING.rows())


def test_peaks_of_engines_on_their_cards() -> None:
    other = replace(USE, engine="two", pid=12, peak_mb=3_500)
    third = replace(USE, engine="three", device="GPU-bb", cap_mb=3_496, total_mb=16_384, peak_mb=2_000)
    assert row(USE) == (
        "1 engine on 1 card, peak 3,000 MiB (each, with CUDA's context), "
        "cap 5,544 MiB without it, of 24,576 MiB"
    )
    said = row(USE, other, third)
    assert said.startswith("3 engines on 2 cards, peak 2,000 to 3,500 MiB")
    assert "cap 3,496 or 5,544 MiB" in said
    assert "of 16,384 or 24,576 MiB" in said


def test_a_peak_of_all_that_is_on_a_card_is_called_that() -> None:
    said = row(replace(USE, of_card=True, cap_mb=None, total_mb=None))
    assert said == "1 engine on 1 card, peak 3,000 MiB (all that is on a card)"


def test_the_journal_keeps_the_peak_of_an_engine_whose_process_was_replaced() -> None:
    journal = MemoryJournal()
    journal.card_fills(USE)
    journal.card_fills(replace(USE, pid=12, peak_mb=1_000))
    journal.card_fills(replace(USE, pid=13, device="GPU-bb", peak_mb=500))
    told = journal.so_far().cards
    assert told == (replace(USE, pid=12), replace(USE, pid=13, device="GPU-bb", peak_mb=500))


def test_what_is_done_and_what_is_left_are_told_in_the_same_unit() -> None:
    rows = dict(replace(NOTHING, exit_code=EXIT_INTERRUPTED, documents=12, missing=10).rows())
    assert rows["documents"] == "2 of 12 documents done, 10 left"
    assert "missing" not in rows
    assert dict(NOTHING.rows())["documents"] == "1"


def test_a_run_that_was_ended_before_its_first_file_does_not_say_that_all_is_done() -> None:
    nothing = replace(NOTHING, exit_code=EXIT_INTERRUPTED, new_pages=0, missing=1)
    assert dict(nothing.rows())["this run"] == "no page came into a file"
    assert dict(replace(nothing, missing=0).rows())["this run"] == "nothing was left to do"


def test_engines_that_were_replaced_are_counted() -> None:
    assert "engines replaced" not in dict(NOTHING.rows())
    told = dict(replace(NOTHING, restarted=2).rows())["engines replaced"]
    assert told == "2, whose process died or hung"
