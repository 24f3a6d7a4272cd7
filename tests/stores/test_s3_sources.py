"""Sources in a bucket: every key is listed and read again, whatever its name, and markers are none."""

from __future__ import annotations

import pytest

from actors.contracts import DocRef
from actors.errors import ConfigError, PageError
from actors.read import read_document
from actors.settings import DecodeConfig
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig
from tests.stores.conftest import Bucket

pytestmark = pytest.mark.stores

ODD = [
    " lead", "tail ", "a b", "a#b", "a%20b", "a?b", "a+b", "a&b=c", "[x]*", "a;b", "a:b",
    "ünï", "\u65e5\u672c", "-dash", "~home", "'quoted\"", "a\\b", "\ufffd80", "s3://in/name", "in//double",
    "x.PNG",
]  # fmt: skip


def refs(bucket: Bucket, path: str, exclude: tuple[str, ...] = (), **settings: object) -> list[DocRef]:
    uri = f"{bucket.uri}/{path}" if path else bucket.uri
    source = SourceConfig(path=uri, storage_options=bucket.options, **settings)
    return list(list_documents(source, exclude))


def keys(bucket: Bucket, path: str, exclude: tuple[str, ...] = (), **settings: object) -> list[str]:
    return [ref.key for ref in refs(bucket, path, exclude, **settings)]


def test_any_name_is_listed_and_read_again(bucket: Bucket) -> None:
    for name in ODD:
        bucket.put(f"in/{name}", name.encode())
    found = refs(bucket, "in", ignore=())
    assert {read_document(ref, DecodeConfig(), bucket.options).decode() for ref in found} == set(ODD)
    assert len(found) == len({ref.document_id for ref in found}) == len(ODD)
    assert {ref.uri for ref in found} == {f"{bucket.uri}/in/{name}" for name in ODD}
    assert {ref.key for ref in found if "\ufffd" not in ref.key} == set(ODD) - {"\ufffd80"}


def test_a_name_that_the_library_would_misread_fails_alone(bucket: Bucket) -> None:
    bucket.put("in/a", b"a")
    bucket.put("in/a?versionId=7", b"another")
    right, wrong = refs(bucket, "in")
    assert read_document(right, DecodeConfig(), bucket.options) == b"a"
    with pytest.raises(PageError, match="versionId"):
        read_document(wrong, DecodeConfig(), bucket.options)


def test_version_is_the_etag(bucket: Bucket) -> None:
    bucket.put("in/a.png", b"one")
    (before,) = refs(bucket, "in/")
    assert before.size_bytes == 3 and len(before.version) == 32
    bucket.put("in/a.png", b"two")
    (after,) = refs(bucket, "in/")
    assert after.version != before.version and after.document_id == before.document_id


def test_markers_sidecars_and_the_output_are_left_out(bucket: Bucket) -> None:
    for key in [
        "in/",
        "in/sub/",
        "in/sub/a.png",
        "in/b.png",
        "in/x.json",
        "in/.git/c",
        "in/out/p.png",
        "inner/d.png",
    ]:
        bucket.put(key, b"" if key.endswith("/") else b"x")
    out = f"{bucket.uri}/in/out"
    assert keys(bucket, "in", (out,)) == ["b.png", "sub/a.png"]
    assert keys(bucket, "in", (f"{bucket.uri}/in/ou",)) == ["b.png", "out/p.png", "sub/a.png"]
    assert keys(bucket, "", (out,), ignore=[".*", "*.json"], limit=9) == [
        "in/b.png",
        "in/sub/a.png",
        "inner/d.png",
    ]
    with pytest.raises(ConfigError, match="inside it"):
        keys(bucket, "in/out", (out + "/",))


def test_one_object_and_one_that_is_gone(bucket: Bucket) -> None:
    bucket.put("in/a b#c.png")
    (ref,) = refs(bucket, "in/a b#c.png")
    assert (ref.key, ref.uri) == ("a b#c.png", f"{bucket.uri}/in/a b#c.png")
    for kind in ("auto", "file", "folder", "manifest"):
        with pytest.raises(ConfigError, match="nothing-here"):
            refs(bucket, "nothing-here", kind=kind)


def test_glob(bucket: Bucket) -> None:
    for key in ["in/1.png", "in/a/2.png", "in/a/b/3.png", "in/4.jpg", "in/[x]*.png", "in/[d]/5.png"]:
        bucket.put(key)
    assert keys(bucket, "in/*.png") == ["1.png", "[x]*.png"]
    assert keys(bucket, "in/**/*.png", ignore=["[[]*"]) == ["1.png", "a/2.png", "a/b/3.png"]
    assert keys(bucket, "in/[x]*.png") == ["[x]*.png"]
    assert keys(bucket, "in/[d]/*.png") == ["5.png"]
    with pytest.raises(ConfigError, match="nothing to recognise"):
        keys(bucket, "in/*.tif")


def test_manifests(bucket: Bucket) -> None:
    bucket.put("in/a#1.png")
    bucket.put("lists/all.txt", f"../in/a#1.png\n{bucket.uri}/in/a#1.png\nb.png\n".encode())
    found = refs(bucket, "lists/all.txt")
    assert [ref.key for ref in found] == ["../in/a#1.png", f"{bucket.uri}/in/a#1.png", "b.png"]
    assert found[2].uri == f"{bucket.uri}/lists/b.png"
    assert read_document(found[1], DecodeConfig(), bucket.options) == b"x"
    assert {ref.version for ref in found} == {"unknown"}


def test_a_bucket_that_is_not_there_or_not_reached(bucket: Bucket) -> None:
    source = SourceConfig(path="s3://no-such-bucket-here/x", storage_options=bucket.options)
    with pytest.raises(ConfigError, match="no-such-bucket-here"):
        list(list_documents(source))
    nowhere = bucket.options | {"client_kwargs": {"endpoint_url": "http://127.0.0.1:9"}}
    nowhere["config_kwargs"] = {"retries": {"max_attempts": 0}, "connect_timeout": 2}
    with pytest.raises(ConfigError, match="cannot be reached") as caught:
        list(list_documents(SourceConfig(path=f"{bucket.uri}/in", storage_options=nowhere)))
    assert "hunter2" not in str(caught.value)
