"""YAML of settings is bounded and plain, and its faults quote nothing."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from actors.errors import ConfigError
from pipelines.config import load_config
from pipelines.settings_file import load_yaml

CANARY = "CANARY"

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "[" * 50_000, "more than 32 levels begin at line 1"),
        ("a: " + "{b: " * 50_000, "more than 32 levels begin at line 1"),
        ("- " * 50_000, "more than 32 levels begin at line 1"),
        ("source: {path: a}\noutput: {path: b}\nsource: {path: CANARY}", "twice, the second time at line 3"),
        ("source: {path: CANARY, path: b}", "twice, the second time at line 1, column 24"),
        (BOMB, "values, aliases written out"),
        ("a: &a [*a]", "holds itself"),
        ("a: !CANARY x", "tag that settings do not have"),
        ("a: !!python/object/apply:os.system [CANARY]", "tag that settings do not have"),
        ("a: !!binary CANARY", "tag that settings do not have"),
        ("? [CANARY]\n: b", "a key that is no text"),
        ("a:\n  key: 'CANARY", "cannot be parsed at line 2"),
        ("a: *CANARY", "cannot be parsed at line 1, column 4"),
        ("key: CANARY: b", "cannot be parsed at line 1"),
        ("a: @CANARY", "cannot be parsed at line 1"),
        ("a: CANARY\x01", "cannot be parsed"),
        ("a: 2026-99-99", "not what it looks like"),
        ("# " + "x" * (1 << 20), "more than 1 mib"),
    ],
)
def test_a_bad_file_is_told_by_its_place_alone(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(str(file))
    assert words in caught.value.why.lower()
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_plain_values_and_a_few_aliases_are_taken() -> None:
    assert load_yaml("a: &one [1, 2.5, true, null, x]\nb: *one\nc: {<<: {d: 1}, e: 2}") == {
        "a": [1, 2.5, True, None, "x"],
        "b": [1, 2.5, True, None, "x"],
        "c": {"d": 1, "e": 2},
    }
    assert load_yaml("") is None
