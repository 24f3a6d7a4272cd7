"""Addresses are parsed once, names are taken as they stand, and slips are told from paths."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import ConfigError
from actors.signatures import without_queries
from actors.store_errors import read_error
from actors.uris import (
    Uri,
    absolute,
    escape_name,
    join,
    open_filesystem,
    parse_uri,
    unescape_name,
)

MARK = "\ufffd"
FILE_NAMES = st.binary(min_size=1, max_size=40).map(os.fsdecode)
"""What a disk may call a file, and more: any bytes."""
MARKED_NAMES = st.lists(
    st.sampled_from([MARK, "a", "ff", "80", "41", "\udcff", "\udc80", "é", "f"]), min_size=1
).map("".join)
"""Names around the escape character."""


@given(FILE_NAMES | MARKED_NAMES)
def test_an_escaped_name_is_utf8_and_comes_back(name: str) -> None:
    escaped = escape_name(name)
    escaped.encode("utf-8")
    assert unescape_name(escaped) == name


@given(MARKED_NAMES, MARKED_NAMES)
def test_escape_is_injective(one: str, other: str) -> None:
    assert (escape_name(one) == escape_name(other)) == (one == other)


@given(st.text(st.characters(codec="utf-8", exclude_characters=MARK)))
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert escape_name(name) == name == unescape_name(name)


@given(FILE_NAMES | MARKED_NAMES)
def test_an_escaped_path_parses_to_the_file(name: str) -> None:
    parsed = parse_uri("/x/" + escape_name(name))
    assert parsed.path == "/x/" + name
    assert parse_uri(parsed.text) == parsed


@pytest.mark.parametrize("name", [f"a{MARK}b.png", f"{MARK}41", f"{MARK}{MARK}7f"])
def test_a_typed_path_with_the_escape_character_is_text_too(name: str) -> None:
    parsed = parse_uri(name)
    assert parse_uri(parsed.text).path == parsed.path
    parsed.path.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    "path",
    [
        "/tmp/a b#c%20d?e.pdf",
        "a b.png",
        "-x.png",
        "~/x.png",
        "[x]*.png",
        "ünï/\u65e5.png",
        "a:b.png",
        "C:/x.png",
        "x//y.png",
        "x/s3://y",
        " lead",
        "trail ",
        "line\nbreak",
        "s3",
        "files/a",
        "./s3:/b",
    ],
)
def test_plain_paths_are_local(path: str) -> None:
    assert parse_uri(path) == Uri("file", path, path)


@pytest.mark.parametrize(
    ("text", "scheme", "path"),
    [
        ("s3://b/a b.pdf", "s3", "b/a b.pdf"),
        ("s3://b/a#b%20?v=1.pdf", "s3", "b/a#b%20?v=1.pdf"),
        ("s3://b/[x]*\n", "s3", "b/[x]*\n"),
        ("s3://b//k", "s3", "b//k"),
        ("s3a://b/k", "s3a", "b/k"),
        ("gs://b/ünï", "gs", "b/ünï"),
        ("memory://b/k", "memory", "b/k"),
        ("memory:///b/k", "memory", "/b/k"),
        ("https://h/x%20y?z#f", "https", "https://h/x%20y?z#f"),
        ("file:///tmp/a%20#b", "file", "/tmp/a%20#b"),
    ],
)
def test_urls(text: str, scheme: str, path: str) -> None:
    parsed = parse_uri(text)
    assert (parsed.scheme, parsed.path) == (scheme, path)
    assert parsed.is_local == (scheme == "file")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "Name a file"),
        ("s3:/b/k", "s3://bucket/key"),
        ("s3:b/k", "s3://bucket/key"),
        ("s3//b/k", "s3://bucket/key"),
        ("s3:", "s3://bucket/key"),
        ("S3:/b", "s3://bucket/key"),
        ("gs:/b", "s3://bucket/key"),
        ("https:/x", "./https:/x"),
        ("simplecache::s3://b/k", "s3://bucket/key"),
        ("S3://b/k", "s3://"),
        ("FILE:///x", "file://"),
        ("foo://b/k", "Known are"),
        ("local:///x", "file:///path"),
        ("file://tmp/x", "file:///tmp/x"),
        ("file://localhost/x", "file:///x"),
        ("file://", "file:///path"),
        ("s3://", "s3://bucket/path"),
        ("s3:///k", "s3://bucket/path"),
        ("memory://", "memory://bucket/path"),
        ("s3://b/k?versionId=7", "Rename"),
        ("s3://b/\udcff", "as the store lists it"),
    ],
)
def test_slips_are_refused_with_a_remedy(text: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_uri(text)
    assert remedy in caught.value.remedy
    str(caught.value).encode("utf-8")


def test_join_and_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert join("s3://b/x/", "k#1") == "s3://b/x/k#1"
    assert join("/", "k") == "/k"
    assert join("/x", "") == "/x"
    assert absolute("./a") == f"{tmp_path}/a"
    assert absolute("a/../b") == f"{tmp_path}/a/../b"


@pytest.mark.parametrize("name", ["~x", "file:x", "a#b?c", os.fsdecode(b"\xff\xfe"), f"{MARK}ff"])
def test_a_local_filesystem_finds_odd_relative_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(b"content")
    filesystem, path = open_filesystem("./" + escape_name(name))
    assert filesystem.cat_file(path) == b"content"


def test_a_filesystem_in_memory_gets_the_name_as_it_stands() -> None:
    filesystem, path = open_filesystem("memory://uris/a b#c?d%20")
    filesystem.pipe_file(path, b"x")
    assert filesystem.find("/uris") == ["/uris/a b#c?d%20"]


@pytest.mark.parametrize(("scheme", "extra"), [("gs", "gcs"), ("abfs", "azure"), ("az", "azure")])
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, scheme: str, extra: str) -> None:
    def missing(scheme: str) -> None:
        raise ImportError(f"Please install the filesystem of {scheme}")

    monkeypatch.setattr("fsspec.get_filesystem_class", missing)
    with pytest.raises(ConfigError, match=rf"rayocr\[{extra}\]"):
        open_filesystem(f"{scheme}://b/k")


def test_bad_options_are_a_config_error() -> None:
    with pytest.raises(ConfigError, match="storage_options"):
        open_filesystem("dir://b/k")


def test_messages_have_no_user_info_and_no_query() -> None:
    text = "404, url='https://u:CANARY@host/a.png?X-Amz-Signature=CANARY&b=CANARY' and http://CANARY@b:1/c"
    assert without_queries(text) == "404, url='https://host/a.png?...' and http://b:1/c"
    assert "CANARY" not in read_error(ValueError(text)).message
    assert without_queries("what is here? a@b") == "what is here? a@b"
