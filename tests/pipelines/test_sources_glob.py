"""Globs match whole keys, and never across folders unless they say so."""

from __future__ import annotations

import pytest

from pipelines.sources.glob import compiled, split


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
