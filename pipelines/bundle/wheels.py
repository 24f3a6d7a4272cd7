"""Wheels by their metadata: which of them a machine needs, and which it lacks."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from actors.errors import ConfigError
from pipelines.bundle.target import Target, glibc_of_tag


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel and its metadata. `name` is canonical; `glibc`: the least it asks for; `unpacked`: bytes."""

    path: Path
    name: str
    version: Version
    requires: tuple[Requirement, ...]
    extras: frozenset[str]
    glibc: tuple[int, int]
    unpacked: int


@dataclass(frozen=True, slots=True)
class Closure:
    """What of a folder a machine needs, and the requirements that no wheel of it fulfils."""

    needed: tuple[Wheel, ...]
    lacking: tuple[Requirement, ...]


def read_wheel(path: Path) -> Wheel:
    """Read a wheel's metadata. Raises ConfigError if it is none."""
    try:
        name, version, _, tags = parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            inner = next(m.filename for m in members if m.filename.endswith(".dist-info/METADATA"))
            metadata = BytesParser().parsebytes(archive.read(inner), headersonly=True)
    except (OSError, ValueError, StopIteration, zipfile.BadZipFile) as error:
        raise ConfigError(
            f"{path.name} is no wheel.", f"{type(error).__name__}: {error}", "Check your index."
        ) from error
    asked = [glibc_of_tag(tag.platform) for tag in tags]
    return Wheel(
        path,
        name,
        version,
        tuple(Requirement(line) for line in metadata.get_all("Requires-Dist", [])),
        frozenset(canonicalize_name(extra) for extra in metadata.get_all("Provides-Extra", [])),
        min((glibc or (0, 0) for glibc in asked), default=(0, 0)),
        sum(member.file_size for member in members),
    )


def closure(wheels: Iterable[Wheel], roots: Iterable[Requirement], target: Target) -> Closure:
    """Follow requirements from the roots, with the markers of the target and not of this Python.

    `pip download --python-version` evaluates markers for the Python that it runs in, so what it fetched may
    lack a package, or hold one that is not needed there.
    """
    by_name = {wheel.name: wheel for wheel in wheels}
    needed: dict[str, Wheel] = {}
    lacking: dict[str, Requirement] = {}
    seen: set[tuple[str, str]] = set()
    queue = [(requirement, "") for requirement in roots]
    while queue:
        requirement, asked_by = queue.pop()
        if not _holds(requirement, asked_by, target.environments()):
            continue
        name = canonicalize_name(requirement.name)
        wheel = by_name.get(name)
        if wheel is None or not requirement.specifier.contains(wheel.version, prereleases=True):
            lacking[str(requirement)] = requirement
            continue
        needed[name] = wheel
        for extra in ("", *map(canonicalize_name, requirement.extras)):
            if (name, extra) not in seen:
                seen.add((name, extra))
                queue += [(inner, extra) for inner in wheel.requires]
    return Closure(
        tuple(needed[name] for name in sorted(needed)), tuple(lacking[text] for text in sorted(lacking))
    )


def _holds(requirement: Requirement, extra: str, environments: Iterable[Mapping[str, str]]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**known, "extra": extra}) for known in environments)
