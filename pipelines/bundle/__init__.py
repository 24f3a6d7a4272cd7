"""A bundle: rayocr, its packages and its models in files of bounded size, for machines without an index."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from actors.errors import ConfigError
from actors.settings import ModelsConfig

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from pipelines.bundle.install import Manifest
    from pipelines.bundle.target import Target
    from pipelines.bundle.wheels import Wheel

Say = Callable[[str], None]

LEAST_PART_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """What to make. `python` and `platform`: of the machine that it is for, by default one like this one;
    `extras`: of rayocr; `requirements`: what else is installed there; `part_bytes`: most of a part;
    `constraints`: a file of versions for pip, by default the checkout's."""

    out: Path
    python: str | None = None
    platform: str | None = None
    extras: tuple[str, ...] = ("cpu",)
    requirements: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    cache: ModelsConfig = field(default_factory=ModelsConfig)
    part_bytes: int = 60_000_000
    constraints: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was made, and the SHA-256 of its manifest, which stands for all of it."""

    folder: Path
    manifest: Manifest
    sha256: str


def make_bundle(request: Request, say: Say = lambda text: None) -> Bundle:
    """Collect wheels and models; write them as parts, with manifest and installer. Raises ConfigError."""
    from actors.models.catalogue import DEFAULT_MODEL
    from pipelines.bundle.install import MANIFEST, sha256_of
    from pipelines.bundle.place import BUNDLE, placing
    from pipelines.bundle.target import make_target

    target = make_target(request.python, request.platform)
    extra = _parse(request.requirements)
    models = _with_companions(request.models or (DEFAULT_MODEL,))
    if request.part_bytes < LEAST_PART_BYTES:
        raise ConfigError(
            f"Parts of {request.part_bytes:,} bytes are too small.",
            f"A part has at least {LEAST_PART_BYTES // 1_000_000}M.",
            "--parts 60M",
        )
    out = request.out.expanduser().absolute()
    with placing(out, overwrite=request.overwrite) as scratch:
        manifest = _fill(request, target, extra, models, scratch, scratch / BUNDLE, say)
    return Bundle(out, manifest, sha256_of(out / MANIFEST))


def _fill(
    request: Request,
    target: Target,
    others: Sequence[Requirement],
    models: Sequence[str],
    scratch: Path,
    folder: Path,
    say: Say,
) -> Manifest:
    """Everything into `folder`; `scratch` holds what it is made of."""
    from packaging.requirements import Requirement

    from actors.models.cache import ModelStore
    from pipelines.bundle import collect, install
    from pipelines.bundle.manifest import write_manifest
    from pipelines.bundle.own import CONSTRAINTS, checkout, own_wheel
    from pipelines.bundle.parts import check_size, entries_of, write_parts
    from pipelines.bundle.wheels import read_wheel

    (scratch / "own").mkdir()
    own = read_wheel(own_wheel(scratch / "own", say))
    extras = tuple(sorted(set(request.extras)))
    collect.check_extras(own, extras)
    files = collect.collect_models(models, ModelStore(request.cache), own, scratch / "models", say)
    rayocr = Requirement(f"rayocr[{','.join(extras)}]=={own.version}")
    root = checkout()
    constraints = request.constraints or (root / CONSTRAINTS if root else None)
    say(f"fetching wheels for {target}")
    roots = [rayocr, *others, Requirement("pip")]
    wheels = collect.collect_wheels(own, roots, target, constraints, scratch, say)
    files += collect.wheel_files(wheels)
    entries = entries_of(files)
    check_size(entries, request.part_bytes)
    say("writing parts")
    parts = write_parts(files, folder, request.part_bytes)
    manifest = install.Manifest(
        rayocr=str(own.version),
        python=target.python,
        platform=target.platform,
        machine=target.machine,
        glibc=max(wheel.glibc for wheel in wheels),
        extras=extras,
        requirements=tuple(map(str, (rayocr, *others))),
        models=tuple(models),
        installed_bytes=_installed(wheels),
        files=entries,
        parts=parts,
    )
    shutil.copyfile(install.__file__, folder / install.INSTALLER)
    write_manifest(manifest, folder)
    return manifest


def _with_companions(names: Sequence[str]) -> list[str]:
    """Models, each once, with those that an engine needs beside them: a machine without an index could not
    fetch them. Raises ModelError."""
    from actors.engines import needed_models
    from actors.models.catalogue import find_model
    from actors.settings import EngineConfig

    found = dict.fromkeys(find_model(name).name for name in names)
    readers = [name for name in found if find_model(name).pair is not None]
    for name in readers:
        found |= dict.fromkeys(needed_models(EngineConfig(model=name)))
    return list(found)


def _installed(wheels: Sequence[Wheel]) -> int:
    """Bytes on disk, with a fifth for what Python compiles."""
    return sum(wheel.unpacked for wheel in wheels) * 6 // 5


def _parse(texts: Sequence[str]) -> tuple[Requirement, ...]:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return tuple(Requirement(text) for text in texts)
    except InvalidRequirement as error:
        raise ConfigError(
            f"{', '.join(texts)} is not what pip would install.",
            str(error).splitlines()[0],
            "--with 'onnxruntime-gpu[cuda,cudnn]'",
        ) from error
