"""The parent of Ray's driver: it waits for none that hangs, and hands on what another process can read."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from actors.errors import IncompleteError
from actors.process import ChildTimeoutError
from actors.shortage import OPEN_FILES, ShortageError
from pipelines.progress import Progress
from pipelines.runners.ray_process import _receipts
from pipelines.runners.ray_stream import explain


class Silent:
    """A child that never answers."""

    def __init__(self) -> None:
        self.asked = 0

    def receive(self, _timeout_s: float) -> Any:
        self.asked += 1
        if self.asked > 10_000:
            pytest.fail("it is waited for")
        raise ChildTimeoutError

    def send(self, _obj: object) -> None: ...


def test_a_driver_that_hangs_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.runners.silence._LATE_S", 1e9)
    child: Any = Silent()
    with pytest.raises(IncompleteError, match="Nothing was heard of the run") as end:
        list(_receipts(child, Progress(0, quiet=True), 0.001))
    assert end.value.exit_code == 4


def test_a_shortage_in_a_task_of_rays_is_told_in_its_own_words() -> None:
    """Ray makes one class of its error and the worker's, which only this process knows."""
    from ray.exceptions import RayTaskError

    cause = OPEN_FILES.error("OSError: [Errno 24] Too many open files")
    both = RayTaskError("decode", "a traceback", cause).as_instanceof_cause()
    assert isinstance(both, ShortageError)
    told = pickle.loads(pickle.dumps(explain(both)))
    assert (type(told), told.what) == (ShortageError, cause.what)
