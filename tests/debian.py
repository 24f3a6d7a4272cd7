"""What tests marked `system` need of Debian, what of it is missing, and its installation:

python -m tests.debian
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from benchmarks.large import canvas
from benchmarks.rendered_numbers import fonts, words

_NARROW = "fonts-liberation-sans-narrow"
"""Has the narrow fonts since Debian 13, where they are no longer in fonts-liberation."""


@dataclass(frozen=True)
class Need:
    """Something that a machine has or has not. `kind`: by which tests ask for it, as in
    `pytest.mark.system("fonts")`; `packages`: those that bring it; `later`: the one that does in later
    releases."""

    kind: str
    packages: tuple[str, ...]
    is_there: Callable[[], bool]
    later: str | None = None


class CannotInstallError(Exception):
    """In words for whoever ran the command."""


def needs() -> list[Need]:
    """All that any test needs."""
    files = [(font.name, font.package, partial(fonts.is_installed, font)) for font in fonts.FONTS]
    files += [
        (file, canvas.PACKAGES[name], partial(canvas.is_installed, file))
        for name, file in canvas.FONTS.items()
    ]
    return [
        *(
            Need("fonts", (package,), is_there, _NARROW if "Narrow" in name else None)
            for name, package, is_there in files
        ),
        *(Need("words", (one.package,), partial(words.is_installed, one)) for one in words.LISTS),
        Need("compiler", ("gcc", "libc6-dev"), lambda: shutil.which("cc") is not None),
    ]


def missing(kinds: Iterable[str] | None = None) -> list[Need]:
    """What is not there. `kinds`: None for all."""
    return [need for need in needs() if (kinds is None or need.kind in kinds) and not need.is_there()]


def packages_of(some: Iterable[Need]) -> list[str]:
    """Their packages, each once."""
    return sorted({package for need in some for package in need.packages})


def install(packages: list[str]) -> None:
    """Install packages, as root or by sudo. Raises CannotInstallError."""
    by_hand = f"apt-get install {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise CannotInstallError(f"There is no apt-get here. On Debian or Ubuntu: {by_hand}")
    if os.geteuid() != 0 and not shutil.which("sudo"):
        raise CannotInstallError(f"Only root can install, and there is no sudo. As root: {by_hand}")
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", *command], check=False
        )
        if done.returncode:
            raise CannotInstallError(f"apt-get {command[0]} failed. By hand, as root: {by_hand}")


def install_missing() -> None:
    """Install all that is missing. Raises CannotInstallError, also where it then still is."""
    if before := missing():
        install(packages_of(before))
    if later := sorted({need.later for need in missing() if need.later}):
        install(later)
    if after := missing():
        raise CannotInstallError(
            f"Installed, but without what tests need of them: {' '.join(packages_of(after))}"
        )


if __name__ == "__main__":
    try:
        install_missing()
    except CannotInstallError as error:
        sys.exit(str(error))
