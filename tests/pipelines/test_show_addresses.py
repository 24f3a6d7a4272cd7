"""`show` opens no document that only a row names: an output may come from a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.contracts import DocRef
from actors.errors import ConfigError
from pipelines.config import Config, load_config
from pipelines.named_address import refuse_named_address


def config(output: object = "out", *allow: str) -> Config:
    return load_config(
        flags={"source.path": "a.png", "output.path": str(output), "source.allow": list(allow)}
    )


def refuse(settings: Config, name: str, key: str, uri: str) -> None:
    version = "v!/0" if "!/scan" in uri else "v"
    refuse_named_address(settings, name, DocRef("id", key, uri, version))


@pytest.mark.parametrize("uri", ["http://127.0.0.1:8802/a.png", "https://example.org/a", "s3://bucket/a.png"])
def test_an_address_must_be_typed_or_allowed(uri: str) -> None:
    with pytest.raises(ConfigError, match="not fetched"):
        refuse(config(), "a.png", "a.png", uri)
    refuse(config(), uri, uri, uri)
    host = uri.split("/")[2].partition(":")[0]
    refuse(config("out", host), "a.png", "a.png", uri)


@pytest.mark.parametrize(
    "spelled",
    [
        "{}/far/a.png",
        "file://{}/far/a.png",
        "{}/by/../far/a.png",
        "{}/by/link.png",
        "{}/by/a.png!/../../far/a.png",
    ],
)
def test_a_file_elsewhere_must_be_typed_or_allowed(spelled: str, tmp_path: Path) -> None:
    for folder in ("far", "by/a.png!"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "far" / "a.png").touch()
    (tmp_path / "by" / "link.png").symlink_to(tmp_path / "far" / "a.png")
    uri, out = spelled.format(tmp_path), tmp_path / "by" / "out"
    for key in ("a.png", "link.png", "far/a.png", "../far/a.png", uri):
        with pytest.raises(ConfigError, match="not opened") as caught:
            refuse(config(out), key if key != uri else "id", key, uri)
        assert caught.value.remedy
    refuse(config(out), uri, "a.png", uri)
    for allow in ("local", str(tmp_path / "far")):
        refuse(config(out, allow), "a.png", "a.png", uri)


def test_a_file_beside_the_output_must_be_called_as_its_key(tmp_path: Path) -> None:
    for key in ("a.png", "in/a.png", "team/in/a.png", "./in/a.png", "in/a.png!/scan.png"):
        uri = f"{tmp_path}/in/a.png" + ("!/scan.png" if "!" in key else "")
        refuse(config(tmp_path / "out"), key, key, uri)
    for key in ("b.png", "na.png", "far/b.png"):
        with pytest.raises(ConfigError, match="not opened"):
            refuse(config(tmp_path / "out"), key, key, f"{tmp_path}/in/a.png")
