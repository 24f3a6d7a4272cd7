"""Collecting what goes into a bundle: wheels from the index for another machine, models from the cache."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from packaging.requirements import Requirement

from actors.errors import ConfigError
from actors.models.cache import TRUSTED, ModelStore
from actors.models.catalogue import Model
from pipelines.bundle.install import MODELS, WHEELS, check_rivals
from pipelines.bundle.pip import run_pip
from pipelines.bundle.target import Target
from pipelines.bundle.wheels import Wheel, closure, read_wheel

Say = Callable[[str], None]
File = tuple[str, Path]
"""A file of the archive: its name there, and where it is."""

_ROUNDS = 4


def check_extras(own: Wheel, extras: Sequence[str]) -> None:
    """Raises ConfigError if rayocr has no such extra, or if two of them exclude each other."""
    unknown = [extra for extra in extras if extra not in own.extras]
    if unknown:
        raise ConfigError(
            f"rayocr has no extra {unknown[0]!r}.",
            f"There are {', '.join(sorted(own.extras))}.",
            "Name one of these with --extra.",
        )
    named = [
        requirement.name
        for extra in extras
        for requirement in own.requires
        if requirement.marker and requirement.marker.evaluate({"extra": extra})
    ]
    _refuse_rivals(named)


def collect_wheels(
    own: Wheel,
    roots: Sequence[Requirement],
    target: Target,
    constraints: Path | None,
    scratch: Path,
    say: Say,
) -> tuple[Wheel, ...]:
    """Every wheel that the roots need on the target, rayocr's own among them. Raises ConfigError."""
    asked = [_for_pip(root, own) for root in roots]
    for number in range(_ROUNDS):
        folder = scratch / f"round-{number}"
        _download(asked, target, constraints, folder)
        found = closure([read_wheel(path) for path in sorted(folder.glob("*.whl"))], roots, target)
        if not found.lacking:
            _refuse_rivals(wheel.name for wheel in found.needed)
            return found.needed
        lacking = [_for_pip(requirement, own) for requirement in found.lacking]
        say(f"fetching what {target} needs and this Python does not: {', '.join(lacking)}")
        asked += lacking
    raise ConfigError(
        f"The packages for {target} cannot be resolved.",
        f"No wheel was found that fulfils {', '.join(map(str, found.lacking))}.",
        f"Run this command with Python {target.python}: pip then sees the same requirements.",
    )


def collect_models(names: Sequence[str], store: ModelStore, own: Wheel, folder: Path, say: Say) -> list[File]:
    """Copies of the models' files, each verified, with the licence of their weights. Raises ModelError."""
    files: list[File] = []
    models: list[Model] = []
    for name in dict.fromkeys(names):
        held = store.ensure(name, say)
        models.append(held.model)
        (folder / name).mkdir(parents=True)
        for file in held.sha256:
            held.copy(file, folder / name / file)
        if not held.model.files:
            shutil.copyfile(held.path(TRUSTED), folder / name / TRUSTED)
        files += [(f"{MODELS}/{name}/{path.name}", path) for path in (folder / name).iterdir()]
    return [*files, *_licence(models, own, folder)]


def wheel_files(wheels: Sequence[Wheel]) -> list[File]:
    """The wheels as files of the archive."""
    return [(f"{WHEELS}/{wheel.path.name}", wheel.path) for wheel in wheels]


def _download(asked: Sequence[str], target: Target, constraints: Path | None, folder: Path) -> None:
    limits = ["--constraint", str(constraints)] if constraints else []
    run_pip(
        ["download", "--dest", str(folder), *target.pip_options(), *limits, *asked],
        f"Not every package can be had for {target}.",
        f"Check your index, and that each package has a wheel for {target} (glibc 2.{target.glibc} at most)"
        + (f"; or name other --constraints than {constraints}." if constraints else "."),
    )


def _for_pip(requirement: Requirement, own: Wheel) -> str:
    """Without its marker, which pip would evaluate for this Python; rayocr itself never from an index."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    if requirement.name == own.name:
        return f"{own.name}{extras} @ {own.path.as_uri()}"
    return f"{requirement.name}{extras}{requirement.specifier}"


def _refuse_rivals(names: Iterable[str]) -> None:
    found = check_rivals(names)
    if found is not None:
        raise ConfigError(
            f"{found[0]} and {found[1]} cannot be in one environment.",
            "Both write the same folder.",
            "Name extras of which only one brings one of them: a bundle for each, if you need both.",
        )


def _licence(models: Sequence[Model], own: Wheel, folder: Path) -> list[File]:
    """Who hands weights on needs their attribution and licence beside them."""
    notice, text = folder / "NOTICE", folder / "LICENSE"
    lines = ["The weights in this folder were trained and published by PaddleOCR (Baidu).", ""]
    lines += [f"{model.name}: {model.licence}, from {model.source}" for model in models]
    notice.write_text(
        "\n".join([*lines, "", "The text of the Apache License 2.0 is in LICENSE.", ""]), "utf-8"
    )
    with zipfile.ZipFile(own.path) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/LICENSE"))
        text.write_bytes(archive.read(member))
    return [(f"{MODELS}/{path.name}", path) for path in (notice, text)]
