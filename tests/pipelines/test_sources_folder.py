"""Folders and files: every regular file once, under a key that names it again, in a fixed order."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.contracts import DocRef, document_id
from actors.errors import ConfigError
from actors.read import read_document
from actors.settings import DecodeConfig
from actors.uris import open_filesystem
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig
from pipelines.sources.tree import remote_version


def fill(root: Path, *names: str) -> Path:
    """Files whose content is their own name."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(os.fsencode(name))
    return root


def refs(path: Path | str, exclude: tuple[str, ...] = (), **settings: object) -> list[DocRef]:
    return list(list_documents(SourceConfig(path=str(path), **settings), exclude))


def keys(path: Path | str, exclude: tuple[str, ...] = (), **settings: object) -> list[str]:
    return [ref.key for ref in refs(path, exclude, **settings)]


def test_all_folders_in_order_whatever_the_names_say(tmp_path: Path) -> None:
    fill(tmp_path, "b.png", "a/2.pdf", "a/1", "a/sub/3.TIFF", "c.unheard-of", "B.png")
    assert keys(tmp_path) == ["B.png", "a/1", "a/2.pdf", "a/sub/3.TIFF", "b.png", "c.unheard-of"]


def test_identity_version_and_size(tmp_path: Path) -> None:
    fill(tmp_path, "a.png")
    (ref,) = refs(tmp_path)
    info = (tmp_path / "a.png").stat()
    assert ref.document_id == document_id("a.png")
    assert ref.version == f"{info.st_size}-{info.st_mtime_ns}"
    assert ref.size_bytes == 5
    assert ref.uri == str(tmp_path / "a.png")


def test_defaults_leave_out_hidden_files_and_sidecars_in_any_case(tmp_path: Path) -> None:
    sidecars = [
        "x.json",
        "x.JSONL",
        "x.csv",
        "README.md",
        "x.txt",
        "Thumbs.db",
        "THUMBS.DB",
        ".DS_Store",
        "a-0.blocks.png",
    ]
    fill(tmp_path, "a.png", ".hidden/b.png", "__MACOSX/._a.png", *sidecars)
    assert keys(tmp_path) == ["a.png"]
    assert "x.txt" in keys(tmp_path, ignore=())


def test_ignore_and_include_match_names_keys_and_folders(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "a.jpg", "drafts/b.png", "x/drafts/c.png", "x/d.png", "x/y/e.png")
    assert keys(tmp_path, ignore=["drafts"]) == ["a.jpg", "a.png", "x/d.png", "x/y/e.png"]
    assert keys(tmp_path, ignore=["drafts/*", "*.jpg"]) == ["a.png", "x/d.png", "x/drafts/c.png", "x/y/e.png"]
    assert keys(tmp_path, ignore=["x/y"], include=["*.PNG"]) == [
        "a.png",
        "drafts/b.png",
        "x/d.png",
        "x/drafts/c.png",
    ]
    assert keys(tmp_path, include=["x/*"]) == ["x/d.png", "x/drafts/c.png", "x/y/e.png"]


def test_limit_and_name(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "b.png", "c.png")
    first, second = refs(tmp_path, limit=2, name="scans")
    assert (first.key, second.key) == ("scans/a.png", "scans/b.png")
    assert first.document_id == document_id("scans/a.png")
    assert first.uri == str(tmp_path / "a.png")


def test_the_output_is_no_source(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "out/pages/x.png", "outside/b.png")
    assert keys(tmp_path, (str(tmp_path / "out"),)) == ["a.png", "outside/b.png"]
    (tmp_path / "link").symlink_to(tmp_path / "out")
    assert keys(tmp_path, (str(tmp_path / "link"),)) == ["a.png", "outside/b.png"]
    for output in (tmp_path, tmp_path.parent):
        with pytest.raises(ConfigError, match="inside it"):
            refs(tmp_path, (str(output),))


def test_one_file_may_lie_in_the_output(tmp_path: Path) -> None:
    fill(tmp_path, "a.png")
    assert keys(tmp_path / "a.png", (str(tmp_path),)) == ["a.png"]


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    fill(tmp_path, "in/a.png", "in/sub/b.png", "elsewhere/c.png")
    root = tmp_path / "in"
    (root / "file").symlink_to(root / "a.png")
    (root / "folder").symlink_to(tmp_path / "elsewhere")
    (root / "sub" / "up").symlink_to(root)
    (root / "gone").symlink_to(root / "nothing")
    (root / "itself").symlink_to(root / "itself")
    assert keys(root) == ["a.png", "file", "gone", "itself", "sub/b.png", "folder/c.png"]
    assert [ref.version for ref in refs(root) if ref.key in ("gone", "itself")] == ["unknown", "unknown"]


def test_pipes_and_sockets_are_no_documents(tmp_path: Path) -> None:
    fill(tmp_path, "a.png")
    os.mkfifo(tmp_path / "pipe")
    assert keys(tmp_path) == ["a.png"]


def test_folders_deeper_than_recursion(tmp_path: Path) -> None:
    depth = 120
    deepest = tmp_path / "/".join(["d"] * depth)
    deepest.mkdir(parents=True)
    (deepest / "x.png").touch()
    assert _with_little_stack(lambda: keys(tmp_path)) == ["d/" * depth + "x.png"]


def _with_little_stack(call: Callable[[], list[str]]) -> list[str]:
    """Call with fewer frames to go than the tree is deep: trees deeper than Python's own limit cannot be
    removed by pytest."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 80)
    try:
        return call()
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list everything")
def test_a_folder_that_may_not_be_listed_is_an_error(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "secret/b.png")
    (tmp_path / "secret").chmod(0)
    with pytest.raises(ConfigError, match="secret cannot be listed"):
        refs(tmp_path)


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "a.png", "secret/b.png")
    listed = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ConfigError, match="secret cannot be listed"):
        refs(tmp_path)
    assert keys(tmp_path, ignore=["secret"]) == ["a.png"]


@pytest.mark.parametrize("kind", ["auto", "file", "folder", "glob", "manifest"])
def test_what_does_not_exist_is_an_error(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ConfigError, match="nothing-here"):
        refs(tmp_path / "nothing-here", kind=kind)


def test_nothing_to_recognise_counts_what_was_ignored(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No file is there"):
        refs(tmp_path)
    fill(tmp_path, "a.txt", "b.json", ".git/c")
    with pytest.raises(ConfigError, match="2 files and 1 folder left out"):
        refs(tmp_path)


def test_one_file_is_a_document_whatever_its_name(tmp_path: Path) -> None:
    fill(tmp_path, ".hidden", "list.txt")
    assert keys(tmp_path / ".hidden") == [".hidden"]
    assert keys(tmp_path / "list.txt", kind="file") == ["list.txt"]


def test_what_exists_is_no_pattern(tmp_path: Path) -> None:
    fill(tmp_path, "[a]*.png", "a.png", "[b]/x.png")
    assert keys(tmp_path / "[a]*.png") == ["[a]*.png"]
    assert keys(tmp_path / "[b]") == ["x.png"]
    assert keys(tmp_path / "[a].png") == ["a.png"]
    assert keys(tmp_path / "[b]" / "*.png") == ["x.png"]


def test_relative_paths_and_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fill(tmp_path, "~/a.png", "-x/b.png"))
    assert refs("~")[0].uri == str(tmp_path / "~" / "a.png")
    assert keys("-x") == ["b.png"]
    assert keys(".") == ["-x/b.png", "~/a.png"]
    assert keys("-x/*.png") == ["b.png"]
    assert refs(f"file://{tmp_path}/~")[0].key == "a.png"


@pytest.mark.parametrize(
    ("info", "version"),
    [
        ({"ETag": '"abc"', "size": 1, "LastModified": "t"}, "abc"),
        ({"generation": "17", "etag": "e"}, "17"),
        ({"size": 5, "mtime": 12.5}, "5-12.5"),
        ({"size": 0, "created": "t"}, "0-t"),
        ({"size": 5}, "5"),
        ({"size": None}, "unknown"),
    ],
)
def test_version_of_an_object(info: dict[str, object], version: str) -> None:
    assert remote_version(info) == version


def test_secrets_are_never_shown() -> None:
    source = SourceConfig(path="s3://b/k", storage_options={"secret": "hunter2"})
    assert "hunter2" not in repr(source)
    assert "hunter2" not in str(source)


NAMES = (
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
    .map(str.encode)
    .filter(lambda name: len(name) < 200)
    | st.binary(min_size=1, max_size=40).map(lambda name: name.translate(None, b"/\0"))
    | st.sampled_from(
        [b"a#b", b"a%20b", b"a?b", b"a+b", b" lead", b"tail ", b"[x]*", "\ufffd80".encode(), b"\x80"]
    )
).filter(lambda name: name.strip(b".") != b"")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(NAMES, min_size=1, max_size=5))
def test_any_name_is_listed_and_read_again(
    tmp_path_factory: pytest.TempPathFactory, names: set[bytes]
) -> None:
    root = os.fsencode(tmp_path_factory.mktemp("names"))
    for name in names:
        Path(os.fsdecode(os.path.join(root, name))).write_bytes(b"is " + name)  # noqa: PTH118
    found = refs(os.fsdecode(root), ignore=())
    assert len({ref.document_id for ref in found}) == len(found) == len(names)
    for ref in found:
        ref.key.encode("utf-8")
        ref.uri.encode("utf-8")
        filesystem, path = open_filesystem(ref.uri)
        assert read_document(ref, DecodeConfig()) == filesystem.cat_file(path)
    assert {read_document(ref, DecodeConfig()) for ref in found} == {b"is " + name for name in names}


def test_folders_that_link_to_all_others_are_visited_once(tmp_path: Path) -> None:
    folders = [f"f{number}" for number in range(8)]
    fill(tmp_path, *(f"{name}/a.png" for name in folders))
    for one in folders:
        for other in folders:
            if one != other:
                (tmp_path / one / f"to-{other}").symlink_to(tmp_path / other)
    assert keys(tmp_path) == [f"{name}/a.png" for name in folders]


def test_a_folder_has_its_own_path_and_not_that_of_a_link(tmp_path: Path) -> None:
    fill(tmp_path, "in/z/a.png", "in/own.png", "out/deep/b.png", "out/c.png")
    root = tmp_path / "in"
    (root / "a").symlink_to("z")
    (root / "x").symlink_to(tmp_path / "out")
    (root / "y").symlink_to(tmp_path / "out")
    assert keys(root) == ["own.png", "z/a.png", "x/c.png", "x/deep/b.png"]
    assert keys(root / "a") == ["a.png"]
    assert keys(root, ignore=("z",)) == ["own.png", "a/a.png", "x/c.png", "x/deep/b.png"]


def test_links_that_leave_the_folder_are_followed_only_if_wanted(tmp_path: Path) -> None:
    fill(tmp_path, "in/a.png", "out/secret", "inside-no/b.png")
    root = tmp_path / "in"
    (root / "file").symlink_to(tmp_path / "out" / "secret")
    (root / "folder").symlink_to(tmp_path / "out")
    (root / "near").symlink_to(tmp_path / "inside-no")
    (root / "beside").symlink_to("a.png")
    (root / "nowhere").symlink_to("gone")
    found = ["a.png", "beside", "file", "nowhere", "folder/secret", "near/b.png"]
    assert keys(root) == found
    assert keys(root, follow_links="inside") == ["a.png", "beside", "nowhere"]
    assert keys(root, follow_links="none") == ["a.png"]
