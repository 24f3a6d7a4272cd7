"""Globs match whole keys, and never across folders unless they say so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.errors import ConfigError
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig
from pipelines.sources.glob import compiled, compiled_folders, split


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        ("*.png", "a.png", True),
        ("*.png", "a/b.png", False),
        ("**/*.png", "a/c/b.png", True),
        ("**/*.png", "b.png", True),
        ("a?.t[xy]", "ab.tx", True),
        ("a?b", "a/b", False),
        ("a[!b]", "ab", False),
        ("a[!b]", "ac", True),
        ("a[!b]", "a/", False),
        ("x/**", "x/y/z", True),
        ("a+b*.(x)", "a+bc.(x)", True),
        ("a[]x]", "a]", True),
        ("[^a]", "^", True),
    ],
)
def test_match(pattern: str, key: str, matches: bool) -> None:
    assert bool(compiled(pattern).fullmatch(key)) is matches


@pytest.mark.parametrize(
    ("glob", "parts"),
    [
        ("/a/b*/c", ("/a", "b*/c")),
        ("*.png", (".", "*.png")),
        ("/*.png", ("/", "*.png")),
        ("s3://b/x/*.pdf", ("s3://b/x", "*.pdf")),
    ],
)
def test_split(glob: str, parts: tuple[str, str]) -> None:
    assert split(glob) == parts


@pytest.mark.parametrize(
    ("pattern", "folder", "wanted"),
    [
        ("*.png", "a", False),
        ("a/*.png", "a", True),
        ("a/*.png", "a/b", False),
        ("a/*.png", "b", False),
        ("a/*/c/*.png", "a/x", True),
        ("a/*/c/*.png", "a/x/d", False),
        ("**/*.png", "a/b/c", True),
        ("a/**/x/*.png", "a", True),
        ("a/**/x/*.png", "a/b/c", True),
        ("a/**/x/*.png", "b", False),
        ("**", "a/b", True),
        ("x/**", "x/y", True),
        ("x/**", "y", False),
    ],
)
def test_folders_that_cannot_match_are_not_walked(pattern: str, folder: str, wanted: bool) -> None:
    assert bool(compiled_folders(pattern).fullmatch(folder)) is wanted


def test_a_folder_named_like_a_pattern_is_none() -> None:
    assert split("/a/[b]/*.png", lambda path: path == "/a/[b]") == ("/a/[b]", "*.png")
    assert split("/a/[b]/c*/[d]/x", lambda path: path == "/a/[b]") == ("/a/[b]", "c*/[d]/x")


def listed(path: Path | str, **settings: object) -> list[str]:
    return [ref.key for ref in list_documents(SourceConfig(path=str(path), **settings))]


def test_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ["a/1.png", "a/2.jpg", "a/b/3.png", "c/4.png", ".d/5.png", "a/6.txt", "é?/7.png"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert listed(tmp_path / "a" / "*.png") == ["1.png"]
    assert listed(tmp_path / "*" / "*.png") == ["a/1.png", "c/4.png", "é?/7.png"]
    assert listed(tmp_path / "**" / "*.png") == ["a/1.png", "a/b/3.png", "c/4.png", "é?/7.png"]
    assert listed(tmp_path / "a" / "**") == ["1.png", "2.jpg", "b/3.png"]
    assert listed(f"file://{tmp_path}/[ac]/[14]*") == ["a/1.png", "c/4.png"]
    monkeypatch.chdir(tmp_path)
    assert listed("c*/*") == ["c/4.png"]
    assert listed(tmp_path / "a", kind="glob") == ["1.png", "2.jpg", "b/3.png"]


def test_bytes_in_a_pattern(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xe9")
    (tmp_path / f"{name}.png").write_bytes(b"x")
    assert listed(tmp_path / f"{name}*") == ["\ufffde9.png"]
    assert listed(tmp_path / "?.*") == ["\ufffde9.png"]


@pytest.mark.parametrize(
    ("pattern", "message"), [("[z-a].png", "no pattern"), ("*.nope", "nothing to recognise")]
)
def test_patterns_that_give_nothing(tmp_path: Path, pattern: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        listed(tmp_path / pattern)
