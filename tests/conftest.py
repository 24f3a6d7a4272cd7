"""What all tests share: where the labelled data is, how they are shared out among processes, and what those
need that Debian has to bring."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pytest
from hypothesis import settings

from tests.data import data_dir
from tests.debian import missing, packages_of

pytest_plugins = ["tests.tally"]

settings.register_profile("rayocr", deadline=None)  # a busy machine is no error
settings.load_profile("rayocr")


def pytest_configure(config: pytest.Config) -> None:
    """Let child processes find the labelled data too, and Ray's workers be no nicer than the tests that run
    beside them: by itself Ray gives them a niceness of 15, with which they would wait for all others."""
    if data_dir().is_dir():
        os.environ.setdefault("RAYOCR_DATA", str(data_dir()))
    os.environ.setdefault("RAY_worker_niceness", "0")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Name the tests that start Ray as one group: to whoever shares tests out among processes xdist gives no
    more than their names, and with `--dist loadgroup` the group is a part of these."""
    if item.get_closest_marker("ray"):
        item.add_marker(pytest.mark.xdist_group("ray"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process of several (`-n`): tests that start Ray first, then files with slow tests, so that no long
    one comes last."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: (not item.get_closest_marker("ray"), item.path not in slow))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `system` that lacks something fails: a skip would hide that it never ran."""
    for marker in item.iter_markers("system"):
        if packages := _missing_packages(marker.args):
            pytest.fail(f"Not installed: {packages}. make test-system installs it", pytrace=False)


@cache
def _missing_packages(kinds: tuple[str, ...]) -> str:
    return " ".join(packages_of(missing(kinds)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """With `--dist loadgroup`: a file's tests share what they set up, so they go to one process. Tests that
    start Ray all go to the same one, since two Rays at once take longer than one after the other; but not the
    others of their files, or that process would end long after the rest."""
    from xdist.scheduler import LoadGroupScheduling

    class Scheduling(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            scope = super()._split_scope(nodeid)
            return nodeid.partition("::")[0] if scope == nodeid else str(scope)

    return Scheduling(config, log) if config.getoption("dist") == "loadgroup" else None
