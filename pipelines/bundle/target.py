"""The machine that a bundle is for: its Python, its platform, and what they mean for wheels and markers."""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass

from actors.errors import ConfigError

PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")

_USUAL_GLIBC = 34
"""glibc 2.34: RHEL 9, Debian 12, Ubuntu 22.04, and whatever is newer."""

_OLD_NAMES = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}
"""The tags from before PEP 600, by the minor number of their glibc 2."""

_PLATFORM = re.compile(
    r"(linux|manylinux_2_(?P<minor>\d+)|manylinux1|manylinux2010|manylinux2014)_(?P<machine>\w+)"
)


@dataclass(frozen=True, slots=True)
class Target:
    """Linux with CPython `python` ("3.12") on `machine` ("x86_64"), with glibc 2.`glibc` or an older one.

    `platform`: as a person named it.
    """

    python: str
    platform: str
    machine: str
    glibc: int

    def pip_options(self) -> list[str]:
        """The options of `pip download` for wheels of this machine, those for old systems before others."""
        abi = f"cp{self.python.replace('.', '')}"
        options = ["--only-binary=:all:", "--python-version", self.python, "--implementation", "cp"]
        options += ["--abi", abi]
        for tag in self._tags():
            options += ["--platform", tag]
        return options

    def environments(self) -> tuple[dict[str, str], ...]:
        """The values of environment markers; two, as the last number of its Python is not known."""
        known = {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_version": self.python,
            "sys_platform": "linux",
        }
        full = (f"{self.python}.0", f"{self.python}.99")
        return tuple({**known, "python_full_version": name, "implementation_version": name} for name in full)

    def __str__(self) -> str:
        return f"Python {self.python} on {self.platform}"

    def _tags(self) -> list[str]:
        old = {minor: name for name, minor in _OLD_NAMES.items()}
        tags: list[str] = []
        for minor in range(5, self.glibc + 1):
            tags += [f"{old[minor]}_{self.machine}"] if minor in old else []
            tags.append(f"manylinux_2_{minor}_{self.machine}")
        return [*tags, f"linux_{self.machine}"]


def make_target(python: str | None, platform_name: str | None) -> Target:
    """The machine that a person named, by default one like this. Raises ConfigError."""
    python = python or "{}.{}".format(*sys.version_info[:2])
    if python not in PYTHONS:
        raise ConfigError(
            f"There is no rayocr for Python {python}.",
            "It runs with CPython 3.11, 3.12 and 3.13.",
            f"--python {PYTHONS[-2]}",
        )
    platform_name = platform_name or f"linux_{platform.machine()}"
    match = _PLATFORM.fullmatch(platform_name)
    if match is None or match["machine"] not in MACHINES:
        raise ConfigError(
            f"There is no rayocr for the platform {platform_name}.",
            "It runs on Linux with glibc, on x86_64 and aarch64.",
            "--platform linux_x86_64, or manylinux_2_28_x86_64 for machines with glibc 2.28",
        )
    return Target(python, platform_name, match["machine"], _glibc_of(match))


def _glibc_of(match: re.Match[str]) -> int:
    if match["minor"]:
        return int(match["minor"])
    return _OLD_NAMES.get(match[1], _USUAL_GLIBC)


def glibc_of_tag(tag: str) -> tuple[int, int] | None:
    """The glibc that a wheel's platform tag asks for; None if it asks for none (`any`, `linux_x86_64`)."""
    found = re.match(r"manylinux_(\d+)_(\d+)_", tag)
    if found:
        return int(found[1]), int(found[2])
    name = tag.partition("_")[0]
    return (2, _OLD_NAMES[name]) if name in _OLD_NAMES else None
