"""int8 models, made from a person's own pages by `rayocr models quantize`: where they are, and loading them.

{cache}/int8/{model}/{name}/rec.xml, rec.bin    recognition, for one charset
{cache}/int8/{model}/{name}/det.xml, det.bin    detection; not there if it was left in float32
{cache}/int8/{model}/{name}/card.json           what it was made of and measured, and the SHA-256 of the files
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from actors.engines.fast.prepared import Head, Prepared
from actors.errors import ConfigError, ModelError
from actors.models.cache import expected_hashes, sha256_of
from actors.models.catalogue import Model
from actors.runtimes.contracts import Weights

CARD = "card.json"

VERSION = 2
"""On a card: raised when models made before cannot be used any longer. Since 2 they take any height."""

_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_HIDDEN = "."


@dataclass(frozen=True, slots=True)
class Card:
    """What a calibrated model is. `characters`: of its classes, the blank ("") first; `sources`: SHA-256 of
    the files that it was made from; `files`: of its own, by name; `versions`: of the libraries that made it;
    `sample`: the pages it was calibrated on; `report`: what was measured then."""

    model: str
    charset: str
    head: Head
    characters: tuple[str, ...]
    sources: Mapping[str, str]
    files: Mapping[str, str]
    versions: Mapping[str, str] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibrated model on this disk, as its card says; `check` tells whether the files are that."""

    folder: Path
    card: Card

    @property
    def name(self) -> str:
        """As in `engine.calibration`."""
        return self.folder.name

    @property
    def hashes(self) -> dict[str, str]:
        """What identifies it in an output: SHA-256 of its files. Its name does not."""
        return {f"int8 {name}": digest for name, digest in sorted(self.card.files.items())}

    def recognition(self) -> Prepared:
        """The recognition model."""
        return Prepared(self._weights("rec"), self.card.head, self.card.characters)

    def detection(self) -> Weights | None:
        """The detection model; None if it was left in float32."""
        return self._weights("det") if "det.xml" in self.card.files else None

    def check(self) -> None:
        """Raises ModelError if a file is missing or is not what the card says."""
        for name, digest in self.card.files.items():
            path = self.folder / name
            if not path.is_file():
                raise self._altered(f"{name} is missing.")
            if sha256_of(path) != digest:
                raise self._altered(f"{name} has another SHA-256 than its card says.")

    def _weights(self, part: str) -> Weights:
        return Weights("openvino", (self.folder / f"{part}.xml", self.folder / f"{part}.bin"))

    def _altered(self, why: str) -> ModelError:
        return ModelError(
            f"The int8 model {self.name} in {self.folder.parent} is damaged or was altered.",
            why,
            f"Make it again: {command(self.card.model, self.card.charset, self.name)}",
        )


def default_name(charset: str) -> str:
    """What a calibrated model is called if nobody says otherwise."""
    return charset.replace("+", "-")


def command(model: str, charset: str, name: str | None = None) -> str:
    """The command that makes an int8 model."""
    called = f" --name {name}" if name and name != default_name(charset) else ""
    return f"rayocr models quantize --model {model} --charset {charset} --sample FOLDER{called}"


def check_name(name: str) -> None:
    """Raises ConfigError for a name that a calibrated model cannot have."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"A calibrated model cannot be called {name!r}.",
            "A name is 1 to 64 characters out of a-z, 0-9, _ and -.",
            "Take another one, such as receipts-2026.",
        )


def find(root: Path, model: Model, charset: str, name: str | None) -> Calibrated:
    """The calibrated model below `root`, the model cache, for a model and a charset; nothing but its card is
    read. `name`: which one; None for the only one there is. Raises ConfigError, or ModelError for a card
    that cannot be read or a model that was made from other weights."""
    home = _home(root, model)
    if name is None:
        found = _only(home, model, charset)
    else:
        check_name(name)
        found = _named(home, model, charset, name)
    expected = expected_hashes(model, root / model.name)
    if any(expected.get(source) != digest for source, digest in found.card.sources.items()):
        raise ModelError(
            f"The int8 model {found.name} was made from other weights of {model.name} than those in use.",
            "Their SHA-256 is not the one on its card.",
            f"Make it again: {command(model.name, charset, found.name)}",
        )
    return found


@contextmanager
def making(root: Path, model: Model) -> Iterator[Path]:
    """A folder in which a calibrated model can be made; what is not `keep`-ed is gone afterwards."""
    home = _home(root, model)
    try:
        home.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=home, prefix=f"{_HIDDEN}making-")
    except OSError as error:
        raise ModelError(
            f"The model cache {root} cannot be written.",
            str(error),
            "Set models.cache, or RAYOCR_MODELS, to a folder with space that can be written.",
        ) from error
    with scratch as folder:
        yield Path(folder)


def keep(made: Calibrated, root: Path, model: Model, name: str) -> Calibrated:
    """Put a model that was made in `making` into its place, in one step; one of that name is replaced."""
    from filelock import FileLock

    check_name(name)
    home = _home(root, model)
    target = home / name
    _write_card(made)
    with FileLock(home / f"{_HIDDEN}{name}.lock"):
        if target.exists():
            target.rename(Path(tempfile.mkdtemp(dir=made.folder.parent)) / name)
        made.folder.rename(target)
    return Calibrated(target, made.card)


def names(root: Path, model: Model) -> list[str]:
    """The calibrated models of a model, by name."""
    return _names(_home(root, model))


def _home(root: Path, model: Model) -> Path:
    return root / "int8" / model.name


def _names(home: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in home.iterdir() if _NAME.fullmatch(entry.name))
    except OSError:
        return []


def _only(home: Path, model: Model, charset: str) -> Calibrated:
    all_ = [Calibrated(home / name, _read_card(home / name)) for name in _names(home)]
    fitting = [one for one in all_ if one.card.charset == charset]
    if len(fitting) > 1:
        raise ConfigError(
            f"There are several int8 models of {model.name} for the charset {charset}.",
            f"They are {', '.join(one.name for one in fitting)}, in {home}.",
            f"Say which: engine.calibration={fitting[0].name}",
        )
    if fitting:
        return fitting[0]
    others = ", ".join(f"{one.name} (charset {one.card.charset})" for one in all_)
    raise ConfigError(
        f"There is no int8 model of {model.name} for the charset {charset} yet.",
        f"{home} has {others or 'none'}; an int8 model is made from your own pages, for one charset.",
        f"Make one: {command(model.name, charset)}",
    )


def _named(home: Path, model: Model, charset: str, name: str) -> Calibrated:
    if not (home / name).is_dir():
        raise ConfigError(
            f"There is no int8 model {name} of {model.name}.",
            f"{home} has {', '.join(_names(home)) or 'none'}.",
            f"Make it: {command(model.name, charset, name)}",
        )
    found = Calibrated(home / name, _read_card(home / name))
    if found.card.charset != charset:
        raise ConfigError(
            f"The int8 model {name} was made for the charset {found.card.charset}, not for {charset}.",
            "The charset decides its classes, and they are part of the model.",
            f"Set engine.charset={found.card.charset}, or make another: {command(model.name, charset)}",
        )
    return found


def _read_card(folder: Path) -> Card:
    try:
        told = json.loads((folder / CARD).read_text("utf-8"))
        if told.get("version", 1) != VERSION:
            raise ModelError(
                f"The int8 model {folder.name} in {folder.parent} was made by another release of rayocr.",
                f"Its card has version {told.get('version', 1)}; this release makes and takes {VERSION}.",
                f"Make it again: {command(str(told['model']), str(told['charset']), folder.name)}",
            )
        return Card(
            model=str(told["model"]),
            charset=str(told["charset"]),
            head=cast("Head", told["head"]),
            characters=tuple(map(str, told["characters"])),
            sources=dict(told["sources"]),
            files=dict(told["files"]),
            versions=dict(told["versions"]),
            sample=dict(told["sample"]),
            report=dict(told["report"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"The int8 model {folder.name} in {folder.parent} has no card that can be read.",
            f"{CARD}: {type(error).__name__}: {error}",
            "Delete its folder, and make it again with `rayocr models quantize`.",
        ) from error


def _write_card(made: Calibrated) -> None:
    text = json.dumps({"version": VERSION, **asdict(made.card)}, ensure_ascii=False, indent=1)
    (made.folder / CARD).write_text(text, "utf-8")
