"""Starting a Ray of our own: a busy machine gets a second chance, and then is told so."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from actors.errors import IncompleteError
from actors.shortage import ShortageError
from pipelines.runners.ray import connect

LATE = Exception("The current node timed out during startup.\nThis could happen ...")


def init(monkeypatch: pytest.MonkeyPatch, *outcomes: Exception | None) -> list[dict[str, Any]]:
    """Let `ray.init` do this; returns what it is called with."""
    calls: list[dict[str, Any]] = []
    rest = iter(outcomes)

    def fake(**options: Any) -> None:
        calls.append(options)
        outcome = next(rest)
        if outcome is not None:
            raise outcome

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("pipelines.runners.ray._RAY_ENVIRONMENT", {})  # it would stay set for other tests
    monkeypatch.setattr("pipelines.runners.ray._silence", lambda: None)
    monkeypatch.setattr(ray, "init", fake)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    return calls


def test_a_start_that_is_late_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = init(monkeypatch, LATE, None)
    connect()
    assert len(calls) == 2
    assert calls[0] == calls[1]
    assert calls[0]["address"] == "local"


def test_a_start_that_is_late_twice_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    init(monkeypatch, LATE, LATE)
    with pytest.raises(IncompleteError) as caught:
        connect()
    assert caught.value.why == "Exception: The current node timed out during startup."
    assert "--runner inline" in caught.value.remedy


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("error", "free"), [(FULL, 1 << 40), (Exception("mkdir: No space left on device"), 1 << 40), (LATE, 1000)]
)
def test_a_full_disk_is_named(error: Exception, free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def usage(path: Path) -> SimpleNamespace:
        asked.append(str(path))
        return SimpleNamespace(free=free)

    monkeypatch.setattr("shutil.disk_usage", usage)
    monkeypatch.setenv("RAY_TMPDIR", "/full")
    init(monkeypatch, error, error)
    with pytest.raises(ShortageError, match="short of temporary space") as caught:
        connect()
    assert "TMPDIR" in caught.value.remedy
    assert caught.value.exit_code == 4
    assert ("/full" in asked) is (error is LATE)
