"""Debian packages of tests: which are missing, and what is done and said where they are."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import debian
from tests.debian import CannotInstallError, Need


class Machine:
    """What is on it: `brought` says which packages bring what; `programs`: those that can be run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, user: int, programs: set[str]) -> None:
        self.installed: set[str] = set()
        self.ran: list[list[str]] = []
        self.fails = False
        monkeypatch.setattr(debian.shutil, "which", lambda name: name if name in programs else None)
        monkeypatch.setattr(debian.os, "geteuid", lambda: user)
        monkeypatch.setattr(debian.subprocess, "run", self._run)

    def needs(self, *needs: tuple[str, str | None, str]) -> list[Need]:
        """Each a package, one of later releases, and the one that has the file here."""
        return [
            Need("fonts", (package,), lambda holder=holder: holder in self.installed, later)
            for package, later, holder in needs
        ]

    def _run(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.ran.append(command)
        self.installed |= set(command)
        return subprocess.CompletedProcess(command, 100 if self.fails else 0)


def test_all_that_is_missing_is_installed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, user=1000, programs={"apt-get", "sudo"})
    found = machine.needs(("b", None, "b"), ("a", None, "a"), ("a", "late", "late"))
    monkeypatch.setattr(debian, "needs", lambda: found)
    debian.install_missing()
    assert [command[0] for command in machine.ran] == ["sudo"] * 4
    assert [command[-2:] for command in machine.ran[1::2]] == [
        ["a", "b"],
        ["--no-install-recommends", "late"],
    ]
    assert debian.missing() == []
    debian.install_missing()
    assert len(machine.ran) == 4


@pytest.mark.parametrize(
    ("user", "programs", "said"),
    [
        (0, {"sudo"}, "There is no apt-get here. On Debian or Ubuntu: apt-get install a"),
        (1000, {"apt-get"}, "Only root can install, and there is no sudo. As root: apt-get install a"),
    ],
)
def test_where_it_cannot_it_says_why(
    user: int, programs: set[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, user=user, programs=programs)
    monkeypatch.setattr(debian, "needs", lambda: machine.needs(("a", None, "a")))
    with pytest.raises(CannotInstallError) as caught:
        debian.install_missing()
    assert str(caught.value) == said
    assert machine.ran == []


def test_failures_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, user=0, programs={"apt-get"})
    monkeypatch.setattr(debian, "needs", lambda: machine.needs(("a", None, "nobody")))
    with pytest.raises(CannotInstallError, match="without what tests need of them: a"):
        debian.install_missing()
    machine.fails = True
    with pytest.raises(CannotInstallError, match="apt-get update failed"):
        debian.install_missing()


def test_what_is_missing_is_asked_for_by_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmarks.large.canvas.FOLDER", tmp_path)
    fonts = debian.packages_of(debian.missing(["fonts"]))
    assert {"fonts-hack", "fonts-dejavu-core"} <= set(fonts)
    assert not {"wamerican", "gcc"} & set(fonts)
