"""Install a rayocr bundle on a machine without a package index: `python install.py --into VENV`.

Shipped beside the parts, and imported by the driver for its records. Standard library only, and nothing
that an old Python cannot compile before it is told which one is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
INSTALLER = "install.py"
WHEELS = "wheels"
MODELS = "models"

RIVALS = (
    frozenset({"onnxruntime", "onnxruntime-gpu"}),
    frozenset({"paddlepaddle", "paddlepaddle-gpu"}),
    frozenset(
        {"opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"}
    ),
)
"""Packages that write the same folder: of each set, one in an environment."""

_STATE = ".rayocr-install"
"""In the environment while it is not complete: `created` or `given`."""

_UNPACKED = ".rayocr-unpacked"
_CHUNK = 1 << 20
_EXIT_REFUSED = 2
_EXIT_INTERRUPTED = 130


class RefusedError(Exception):
    """The bundle cannot be installed here. Shown as three lines: what, why, what to do."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy


@dataclass(frozen=True)
class Entry:
    """A file of the archive (`name`: its path, /-separated) or a part: its size in bytes, SHA-256 in hex."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a bundle holds, and for which machine.

    `python`: "3.12"; `platform`: as it was asked for; `machine`: as `platform.machine()` says it; `glibc`:
    (major, minor) that the wheels need at least; `installed_bytes`: about what the environment takes on disk.
    """

    rayocr: str
    python: str
    platform: str
    machine: str
    glibc: tuple[int, int]
    extras: tuple[str, ...]
    requirements: tuple[str, ...]
    models: tuple[str, ...]
    installed_bytes: int
    files: tuple[Entry, ...]
    parts: tuple[Entry, ...]

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read it from a bundle's folder. Raises RefusedError if it is missing, damaged or unsafe."""
        path = folder / MANIFEST
        try:
            return cls.from_json(json.loads(path.read_text("utf-8")))
        except OSError as error:
            raise RefusedError(
                f"{path} cannot be read.", str(error), "Copy the whole bundle again."
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RefusedError(
                f"{path} is no manifest of a rayocr bundle.",
                f"{type(error).__name__}: {error}",
                "Copy the whole bundle again.",
            ) from error

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Manifest:
        """From parsed JSON. Raises ValueError, KeyError or TypeError if that is not what it must be."""
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']!r} is not {FORMAT}")
        major, minor = (int(number) for number in str(data["glibc"]).split("."))
        manifest = cls(
            rayocr=str(data["rayocr"]),
            python=str(data["python"]),
            platform=str(data["platform"]),
            machine=str(data["machine"]),
            glibc=(major, minor),
            extras=tuple(map(str, data["extras"])),
            requirements=tuple(map(str, data["requirements"])),
            models=tuple(map(str, data["models"])),
            installed_bytes=int(data["installed_bytes"]),
            files=_entries(data["files"]),
            parts=_entries(data["parts"]),
        )
        for entry in manifest.files:
            if not _is_safe(entry.name, depth=(2, 3)) or entry.name.split("/")[0] not in (WHEELS, MODELS):
                raise ValueError(f"{entry.name!r} is no path of a bundle")
        for entry in manifest.parts:
            if not _is_safe(entry.name, depth=(1,)):
                raise ValueError(f"{entry.name!r} is no name of a part")
        return manifest


def _entries(rows: list[dict[str, Any]]) -> tuple[Entry, ...]:
    entries = tuple(Entry(str(row["name"]), int(row["bytes"]), str(row["sha256"])) for row in rows)
    if len({entry.name for entry in entries}) != len(entries):
        raise ValueError("a name is there twice")
    return entries


def _is_safe(name: str, depth: tuple[int, ...]) -> bool:
    pieces = name.split("/")
    return (
        len(pieces) in depth
        and all(piece not in ("", ".", "..") for piece in pieces)
        and name.isprintable()
        and "\\" not in name
    )


# --- parts -----------------------------------------------------------------------------------


class Joined(io.RawIOBase):
    """The parts, one after the other, as one stream to read."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths: Iterator[Path] = iter(list(paths))
        self._file: io.BufferedReader | None = None

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from the part at hand, or from the next one that holds something; 0 at the end."""
        while True:
            if self._file is None:
                path = next(self._paths, None)
                if path is None:
                    return 0
                self._file = path.open("rb")
            count = self._file.readinto(buffer)
            if count:
                return count
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Close the part at hand."""
        if self._file is not None:
            self._file.close()
            self._file = None
        super().close()


def faults(folder: Path, parts: Iterable[Entry]) -> list[str]:
    """What is wrong with the parts in a folder: one short text for each that is missing or damaged."""
    found = [(part.name, _fault(folder / part.name, part)) for part in parts]
    return [f"{name} {fault}" for name, fault in found if fault is not None]


def _fault(path: Path, part: Entry) -> str | None:
    try:
        size = path.stat().st_size
        if size != part.bytes:
            return f"has {size:,} bytes instead of {part.bytes:,}"
        digest = sha256_of(path)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if digest == part.sha256 else "is damaged: its SHA-256 is another"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def check_parts(folder: Path, manifest: Manifest) -> None:
    """Raises RefusedError, with the names, if parts are missing or damaged."""
    found = faults(folder, manifest.parts)
    if found:
        raise RefusedError(
            f"{len(found)} of the {len(manifest.parts)} parts cannot be used; nothing was installed.",
            "; ".join(found) + ".",
            f"Copy these parts to {folder} again, then run the same command.",
        )


def unpack(folder: Path, manifest: Manifest, target: Path) -> None:
    """Unpack the parts into an empty folder, and check every file. Raises RefusedError.

    Nothing is written but regular files whose names and sizes the manifest has.
    """
    expected = {entry.name: entry for entry in manifest.files}
    try:
        joined = io.BufferedReader(Joined(folder / part.name for part in manifest.parts), _CHUNK)
        with joined, tarfile.open(fileobj=joined, mode="r|") as archive:
            for member in archive:
                _unpack_member(archive, member, expected.pop(member.name, None), target)
    except (tarfile.TarError, EOFError) as error:
        raise _not_what_it_should_be(str(error)) from error
    if expected:
        raise _not_what_it_should_be(f"{sorted(expected)[0]} is not in the parts.")


def _unpack_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, entry: Entry | None, target: Path
) -> None:
    source = archive.extractfile(member) if member.isreg() else None
    if entry is None or source is None or member.size != entry.bytes:
        raise _not_what_it_should_be(f"{member.name!r} is in the parts, and not so in {MANIFEST}.")
    path = target / entry.name
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source, path.open("xb") as file:
        for chunk in iter(lambda: source.read(_CHUNK), b""):
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != entry.sha256:
        raise _not_what_it_should_be(f"{entry.name} has another SHA-256.")


def _not_what_it_should_be(why: str) -> RefusedError:
    return RefusedError(
        f"The parts are not what {MANIFEST} says; nothing was installed.",
        why,
        f"Copy the whole bundle again: {MANIFEST} and the parts belong together.",
    )


# --- the machine -----------------------------------------------------------------------------

_PROBE = """
import json, os, platform, sys, sysconfig
from importlib import metadata
libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {}) else ""
name, _, version = (libc or "").partition(" ")
names = {(found.metadata["Name"] or "").lower().replace("_", "-") for found in metadata.distributions()}
print(json.dumps({
    "implementation": platform.python_implementation(),
    "python": "%d.%d" % sys.version_info[:2],
    "system": sys.platform,
    "machine": platform.machine(),
    "bits": 64 if sys.maxsize > 2**32 else 32,
    "glibc": [int(part) for part in version.split(".")[:2]] if name == "glibc" else [],
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "packages": sorted(names),
}))
"""


@dataclass(frozen=True)
class Machine:
    """A Python, and what it stands on; `glibc` is empty where there is none."""

    executable: Path
    implementation: str
    python: str
    system: str
    machine: str
    bits: int
    glibc: tuple[int, ...]
    free_threaded: bool
    packages: tuple[str, ...]


def probe(executable: Path) -> Machine:
    """Ask a Python what it is. Raises RefusedError if it does not start."""
    try:
        answer = subprocess.run(
            [str(executable), "-c", _PROBE], capture_output=True, text=True, check=True, env=_environment()
        )
        facts = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise RefusedError(
            f"{executable} does not start.", str(error), "Name another environment with --into."
        ) from error
    facts["glibc"] = tuple(facts["glibc"])
    facts["packages"] = tuple(facts["packages"])
    return Machine(executable, **facts)


def check_machine(manifest: Manifest, here: Machine) -> None:
    """Raises RefusedError if the bundle is for another Python or another platform."""
    found = f"{here.implementation} {here.python}" + (", free-threaded" if here.free_threaded else "")
    if found != f"CPython {manifest.python}":
        other = shutil.which(f"python{manifest.python}")
        raise RefusedError(
            f"This bundle is for Python {manifest.python}.",
            f"{here.executable} is {found}.",
            f"{other or f'Install Python {manifest.python}, then: python{manifest.python}'} {sys.argv[0]}"
            if here.executable == Path(sys.executable)
            else f"Name an environment of Python {manifest.python} with --into, or a folder to make one in.",
        )
    if (here.system, here.machine, here.bits) != ("linux", manifest.machine, 64):
        raise RefusedError(
            f"This bundle is for Linux on {manifest.machine}.",
            f"This machine is {here.system} on {here.machine}, {here.bits} bits.",
            f"Make one for it where there is an index: rayocr bundle --platform linux_{here.machine}",
        )
    if here.glibc < manifest.glibc:
        needed = "{}.{}".format(*manifest.glibc)
        has = ".".join(map(str, here.glibc))
        raise RefusedError(
            f"This bundle needs glibc {needed} or newer.",
            f"This machine has {f'glibc {has}' if has else 'another C library'}.",
            "Make one for it where there is an index: rayocr bundle --platform "
            + (
                f"manylinux_{has.replace('.', '_')}_{here.machine}"
                if has
                else "..., for a machine with glibc"
            ),
        )


def check_rivals(names: Iterable[str], present: Iterable[str] = ()) -> tuple[str, str] | None:
    """Two packages that overwrite each other's files: one of `names`, and another of them or of `present`."""
    ours, there = set(names), set(present)
    for rivals in RIVALS:
        chosen = sorted(rivals & ours)
        others = sorted(rivals & (ours | there) - set(chosen[:1]))
        if chosen and others:
            return chosen[0], others[0]
    return None


def _check_environment(manifest: Manifest, here: Machine) -> None:
    bundled = (entry.name.split("/")[-1].split("-")[0] for entry in manifest.files)
    found = check_rivals((name.lower().replace("_", "-") for name in bundled), here.packages)
    if found is not None:
        raise RefusedError(
            f"The environment has {found[1]}, and the bundle brings {found[0]}.",
            "Both write the same folder: together neither works.",
            f"{here.executable} -m pip uninstall -y {found[1]}   (or another --into)",
        )


def _check_space(manifest: Manifest, target: Path) -> None:
    needed = manifest.installed_bytes + sum(entry.bytes for entry in manifest.files)
    place = next(folder for folder in (target, *target.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise RefusedError(
            f"There is too little space for {target}.",
            f"Unpacked and installed it takes about {needed / 1e9:.1f} GB; {free / 1e9:.1f} GB are free.",
            "Make room, or name a folder on another disk with --into.",
        )


# --- the environment -------------------------------------------------------------------------


class Environment:
    """A virtual environment, made or given, that is either complete or says that it is not.

    While `_STATE` is in it, it is not complete: one that was made here is then made anew, in one that was
    given every package is installed again. It is locked meanwhile, also by the pip of an installer that died.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.python = target / "bin" / "python"
        self.unpacked = target / _UNPACKED
        self._state = target / _STATE
        self._lock: int | None = None
        entries = {path.name for path in target.iterdir()} if target.is_dir() else set()
        self.interrupted = _STATE in entries
        made = self.interrupted and self._state.read_text("utf-8") == "created"
        self.given = "pyvenv.cfg" in entries and not made
        other = bool(entries - {_STATE, _UNPACKED}) or target.is_file()
        if other and not self.given and not made:
            raise RefusedError(
                f"{target} is there, and is no virtual environment.",
                "Nothing of it was changed.",
                "Name another folder with --into: one that is new or empty, or a virtual environment.",
            )

    def begin(self) -> None:
        """Note that it is not complete, and clear what an interruption left. Raises RefusedError."""
        import fcntl  # not everywhere; where it is not was refused before

        self.target.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._state, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefusedError(
                f"Another installation into {self.target} is at work.",
                "It may be the rest of one that was interrupted.",
                "Wait until it has ended, then run the same command.",
            ) from error
        os.pwrite(self._lock, b"given" if self.given else b"created", 0)
        for path in [self.unpacked] if self.given else list(self.target.iterdir()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != self._state:
                path.unlink(missing_ok=True)
        self.unpacked.mkdir()

    def make(self) -> None:
        """Make the environment unless it was given. Raises RefusedError."""
        if not self.given:
            command = [sys.executable, "-m", "venv", "--without-pip", str(self.target)]
            remedy = "On Debian and Ubuntu: apt install python3-venv"
            self.call(command, "The virtual environment cannot be made.", remedy)

    def call(self, command: list[str], what: str, remedy: str) -> None:
        """Run a command, which keeps the lock until it ends. Raises RefusedError with what it said last."""
        answer = self.run(command)
        if answer.returncode != 0:
            lines = [line.strip() for line in (answer.stderr or answer.stdout).splitlines() if line.strip()]
            said = [line for line in lines if line.lower().startswith("error")] or lines[-3:]
            raise RefusedError(
                what, " ".join(said) or f"{command[0]} ended with {answer.returncode}.", remedy
            )

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command and return it, however it ended."""
        held = () if self._lock is None else (self._lock,)
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=_environment(), pass_fds=held
        )

    def complete(self) -> None:
        """Everything is in it."""
        shutil.rmtree(self.unpacked)
        self._state.unlink()
        self._unlock()

    def give_up(self) -> None:
        """Remove what was made here; in an environment that was given, only what was unpacked."""
        shutil.rmtree(self.unpacked if self.given else self.target, ignore_errors=True)
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _install_packages(manifest: Manifest, environment: Environment) -> None:
    wheels = environment.unpacked / WHEELS
    pip = next(wheels.glob("pip-*.whl"))
    command = [str(environment.python), str(pip / "pip"), "install", "--isolated", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--no-warn-script-location", "--root-user-action=ignore"]
    command += ["--no-index", "--find-links", str(wheels), "--only-binary", ":all:"]
    again = ["--force-reinstall"] if environment.interrupted and environment.given else []
    what = "The packages cannot be installed."
    remedy = "Install into a new environment (--into), where no other packages are."
    own = [] if environment.given else ["pip"]
    environment.call([*command, *again, *manifest.requirements, *own], what, remedy)
    if environment.given and not again:
        # pip leaves a rayocr of the same version as it is, though it may be built from other sources.
        environment.call(
            [*command, "--force-reinstall", "--no-deps", f"rayocr=={manifest.rayocr}"], what, remedy
        )


def _install_models(manifest: Manifest, environment: Environment, cache: str | None) -> None:
    """Put the models into the cache by rayocr's own commands: under its lock, verified, whole."""
    rayocr = [str(environment.target / "bin" / "rayocr"), "models"]
    at = ["--cache", cache] if cache else []
    remedy = "Name a folder that can be written with --models."
    verify = [*rayocr, "verify", *manifest.models, *at]
    # A cache that is complete may be one that cannot be written.
    if environment.run(verify).returncode != 0:
        source = ["--source", str(environment.unpacked / MODELS)]
        environment.call(
            [*rayocr, "fetch", *manifest.models, *source, *at], "The models cannot be installed.", remedy
        )
    environment.call(verify, "The models are not what they should be.", remedy)


def _environment() -> dict[str, str]:
    """Ours, without what would lead Python or pip to other packages than the bundle's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PYTHONNOUSERSITE": "1"}


# --- the command -----------------------------------------------------------------------------


def install(folder: Path, target: Path, models: str | None, say: Callable[[str], None]) -> None:
    """Install the bundle in `folder` into `target`, and its models. Raises RefusedError, with it removed."""
    manifest = Manifest.read(folder)
    environment = Environment(target)
    here = probe(environment.python if environment.given else Path(sys.executable))
    check_machine(manifest, here)
    if environment.given:
        _check_environment(manifest, here)
    say(f"checking {len(manifest.parts)} parts, {_size(sum(part.bytes for part in manifest.parts))}")
    check_parts(folder, manifest)
    _check_space(manifest, target)
    environment.begin()
    try:
        say(f"unpacking {len(manifest.files)} files")
        unpack(folder, manifest, environment.unpacked)
        environment.make()
        say(f"installing rayocr {manifest.rayocr} into {target}")
        _install_packages(manifest, environment)
        environment.call(
            [str(target / "bin" / "rayocr"), "--version"], "rayocr does not start.", "Please report it."
        )
        say(f"installing models: {', '.join(manifest.models)}")
        _install_models(manifest, environment, models)
    except BaseException:
        environment.give_up()
        raise
    environment.complete()


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _complain(what: str, why: str, remedy: str) -> None:
    lines = (("error:", what), ("why:", why), ("do:", remedy))
    sys.stderr.write("".join(f"{label:<7}{text}\n" for label, text in lines if text))


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Install rayocr, its packages and its models from this folder; no network is used."
    )
    parser.add_argument(
        "--into",
        metavar="VENV",
        default="rayocr-env",
        help="virtual environment: one that is there, or a new folder (default: rayocr-env, here)",
    )
    parser.add_argument(
        "--models",
        metavar="DIR",
        help="folder of the models (default: $RAYOCR_MODELS or ~/.cache/rayocr/models)",
    )
    parser.add_argument("--check", action="store_true", help="check the parts, install nothing")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """The command. Exit codes: 0 done, 2 refused (nothing was installed), 130 interrupted."""
    options = _arguments(words)
    folder = Path(__file__).resolve().parent
    target = Path(options.into).expanduser().absolute()
    models = str(Path(options.models).expanduser().absolute()) if options.models else None
    try:
        if options.check:
            manifest = Manifest.read(folder)
            check_parts(folder, manifest)
            _say(f"all {len(manifest.parts)} parts are what they should be")
            return 0
        install(folder, target, models, _say)
    except RefusedError as refusal:
        _complain(refusal.what, refusal.why, refusal.remedy)
        return _EXIT_REFUSED
    except OSError as error:
        where = f"{folder} is read, {target} and the folder of the models are written"
        _complain(
            "The installation broke off.", str(error), f"Look at it: {where}. The same command begins anew."
        )
        return _EXIT_REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command begins anew\n")
        return _EXIT_INTERRUPTED
    _say("done. To read a folder of scans:")
    if models:
        _say(f"  export RAYOCR_MODELS={models}")
    _say(f"  {target / 'bin' / 'rayocr'} run --input ~/scans --output ~/scans-text")
    return 0


if __name__ == "__main__":
    sys.exit(main())
