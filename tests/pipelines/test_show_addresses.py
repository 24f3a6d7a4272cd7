"""`show` fetches no address that only a row names."""

from __future__ import annotations

import pytest

from actors.errors import ConfigError
from pipelines.config import load_config
from pipelines.show import _refuse_named_address


@pytest.mark.parametrize("uri", ["http://127.0.0.1:8802/a.png", "https://example.org/a", "s3://bucket/a.png"])
def test_an_address_must_be_typed_or_allowed(uri: str) -> None:
    config = load_config(flags={"source.path": "a.png", "output.path": "out"})
    with pytest.raises(ConfigError, match="not fetched"):
        _refuse_named_address(config, "a.png", uri)
    _refuse_named_address(config, uri, uri)
    _refuse_named_address(config, "a.png", "/scans/a.png")
    host = uri.split("/")[2].partition(":")[0]
    allowed = load_config(flags={"source.path": "a.png", "output.path": "out", "source.allow": [host]})
    _refuse_named_address(allowed, "a.png", uri)
