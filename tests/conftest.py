"""What all tests share: where the labelled data is, how they are shared out among processes, and what those
need that Debian has to bring."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process of several (`-n`): files that start Ray first, then those with slow tests, so that no long
    one comes last."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: (not _starts_ray(item.path), item.path not in slow))


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
    """With `--dist loadfile`: a file's tests share what they set up, so they go to one process. Files that
    start Ray all go to the same one, since two Rays at once take longer than one after the other."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "ray" if _starts_ray(config.rootpath / file) else file

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@cache
def _starts_ray(file: Path) -> bool:
    """Read off its source, since who shares tests out has no more than their names."""
    return "pytest.mark.ray" in file.read_text("utf-8")
