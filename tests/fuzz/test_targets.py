"""The targets of fuzzing: each takes its seeds, and each tells a finding from an answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from actors.decoding.formats import FORMATS
from actors.errors import PageError
from tests.cli import ROOT
from tests.fuzz.target import raised_by_us
from tests.fuzz.targets import target, targets
from tests.fuzz.worker import mutated


def test_every_format_has_a_target() -> None:
    assert {form.name for form in FORMATS} <= set(targets())


@pytest.mark.parametrize("name", list(targets()))
def test_whole_files_are_no_finding(name: str) -> None:
    seeds = target(name).seeds()
    target(name).check(seeds[0])
    assert sum(map(len, seeds)) < 20_000


def test_an_error_of_our_own_lines_is_a_finding() -> None:
    def caught(step: object) -> BaseException:
        with pytest.raises(Exception) as info:
            step()
        return info.value

    from actors.decoding.tiff_chain import layout_of

    assert raised_by_us(caught(lambda: layout_of(memoryview(b""))))
    assert not raised_by_us(caught(lambda: PageError("decode.corrupt", "").fault.nothing))
    assert not raised_by_us(PageError("decode.corrupt", ""))


def test_mutations_change_seeds() -> None:
    assert mutated(b"abcdef", [(1, 0, b"XY")]) == b"aXYdef"
    assert mutated(b"abcdef", [(1, 1, b"XY")]) == b"aXYbcdef"
    assert mutated(b"abcdef", [(1, 2, b"XY")]) == b"adef"
    assert mutated(b"abcdefghij", [(7, 3, b"")]) == b"abcdefg"
    assert mutated(b"", [(5, 0, b"a"), (9, 3, b"")]) == b"a"


def test_one_target_from_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "card", "--seconds", "1", "--found", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "card: " in done.stdout and "well" in done.stdout
