"""Where a bundle goes: a folder that is new, empty, or holds one to replace; whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actors.errors import ConfigError
from pipelines.bundle.install import INSTALLER, MANIFEST, Manifest, RefusedError
from pipelines.bundle.parts import part_name

BUNDLE = "bundle"
"""The folder of the scratch folder that becomes the bundle."""

_LOCK = "lock"


def check_place(out: Path, *, overwrite: bool) -> None:
    """Raises ConfigError if a bundle may not go there."""
    if out.is_file():
        raise ConfigError(f"{out} is a file.", "A bundle is a folder.", "Name another folder.")
    others = sorted(path.name for path in out.iterdir() if not _is_ours(path)) if out.is_dir() else []
    if others or (out.is_dir() and any(out.iterdir()) and not _is_bundle(out)):
        held = ", ".join(others[:3]) + (" ..." if len(others) > 3 else "") or f"parts, and no {MANIFEST}"
        raise ConfigError(
            f"{out} holds something else than a bundle.",
            f"There is {held}. Nothing of it was changed.",
            "Name a folder that is new or empty.",
        )
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        raise ConfigError(
            f"{out} holds a bundle.", "It was not changed.", "Add --overwrite to replace it, or name another."
        )


@contextmanager
def placing(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """A scratch folder beside `out`, on its disk. What is in its `bundle/` takes the place of `out` at the
    end, if nothing was raised. Raises ConfigError."""
    from filelock import FileLock, Timeout

    check_place(out, overwrite=overwrite)
    scratch = out.parent / f".{out.name}.incomplete"
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        with FileLock(scratch / _LOCK, timeout=0):
            _clear(scratch)
            (scratch / BUNDLE).mkdir()
            try:
                yield scratch
                check_place(out, overwrite=overwrite)
                if out.is_dir():
                    shutil.rmtree(out)
                (scratch / BUNDLE).rename(out)
            finally:
                shutil.rmtree(scratch)
    except Timeout as error:
        raise ConfigError(
            f"Another rayocr is making a bundle in {out}.", f"It holds {error.lock_file}.", "Wait for it."
        ) from error
    except OSError as error:
        raise ConfigError(
            f"The bundle cannot be written to {out}.",
            str(error),
            "Name a folder that can be written, on a disk with space.",
        ) from error


def _clear(scratch: Path) -> None:
    """Remove what a process that died has left there."""
    for path in scratch.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()


def _is_ours(path: Path) -> bool:
    start = part_name(1)[: -len("001")]
    is_part = path.name.startswith(start) and path.name[len(start) :].isdigit()
    return path.is_file() and (is_part or path.name in (MANIFEST, INSTALLER))


def _is_bundle(out: Path) -> bool:
    try:
        Manifest.read(out)
    except RefusedError:
        return False
    return True
