"""The cache of weights: fetched once a node, verified whenever they are loaded.

{cache}/{model}/{file}            the files of the catalogue's entry
{cache}/{model}/trusted.json      hashes of a hub's files, recorded when a person trusted them
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from actors.errors import ModelError
from actors.models.catalogue import Hub, Model, find_model
from actors.models.full_disk import is_full
from actors.models.private import make_private, why_not_private
from actors.settings import ModelsConfig
from actors.signatures import published

Say = Callable[[str], None]
"""Tells a person, in a line, what is being fetched."""

TRUSTED = "trusted.json"
_LOCK_TIMEOUT_S = 900.0


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A verified model on this disk; `sha256` by file name."""

    model: Model
    folder: Path
    sha256: Mapping[str, str]

    def path(self, name: str) -> Path:
        """Path of one of its files."""
        return self.folder / name

    def copy(self, name: str, target: Path) -> None:
        """Copy a file, and verify the copy: what is loaded is then what was verified. Raises ModelError."""
        shutil.copyfile(self.path(name), target)
        if sha256_of(target) != self.sha256[name]:
            raise ModelError(
                f"{self.path(name)} changed while it was loaded.",
                "Its SHA-256 is no longer that of the catalogue.",
                f"rayocr models fetch {self.model.name}",
            )


class ModelStore:
    """Hands out verified models. Nothing else opens the cache."""

    def __init__(self, config: ModelsConfig | None = None) -> None:
        self._config = config or ModelsConfig()
        default = os.environ.get("RAYOCR_MODELS") or "~/.cache/rayocr/models"
        self.root = Path(self._config.cache or default).expanduser().absolute()

    def ensure(self, name: str, say: Say = lambda text: None) -> ModelFiles:
        """The model, verified; fetched if it is not here or not what it should be. Raises ModelError.

        A file lock makes it one fetch a node. A model whose checksums are not known is never fetched
        from its hub here, but by `fetch` with `trust_hub`; afterwards it is verified like any other.
        """
        model = find_model(name)
        fault = self._fault(model)
        if fault is None:
            return self._files(model)
        if self._config.offline:
            raise ModelError(
                f"The model {name} is not usable: {fault}.",
                "models.offline is set, so nothing is fetched.",
                self._command(model),
            )
        return self.fetch(name, say)

    def fetch(self, name: str, say: Say = lambda text: None, *, trust_hub: bool = False) -> ModelFiles:
        """Fetch a model unless a verified one is here. `trust_hub`: take what the hub gives, and record
        its hashes so that it can never change unnoticed. Raises ModelError."""
        from filelock import FileLock, Timeout

        model = find_model(name)
        try:
            make_private(self.root)
            with FileLock(self.root / f".{name}.lock", timeout=_LOCK_TIMEOUT_S):
                if self._fault(model) is not None:
                    self._check_trust(model, trust_hub)
                    self._fetch_locked(model, say)
        except Timeout as error:
            raise ModelError(
                f"Another process has been fetching {name} for {_LOCK_TIMEOUT_S:.0f} s.",
                str(error),
                "Try again.",
            ) from error
        except OSError as error:
            full = is_full(error)
            raise ModelError(
                f"The model cache {self.root} "
                + ("is on a disk that is full." if full else "cannot be written."),
                str(error),
                "Set models.cache, or RAYOCR_MODELS, to a folder with space that can be written.",
            ) from error
        return self._files(model)

    def fault(self, name: str) -> str | None:
        """What is wrong with a cached model, in words; None if it is verified."""
        return self._fault(find_model(name))

    def is_here(self, name: str) -> bool:
        """Whether files of the model are in the cache, verified or not."""
        return (self.root / name).is_dir()

    def _check_trust(self, model: Model, trust_hub: bool) -> None:
        if isinstance(model.source, Hub) and not trust_hub and self._config.source is None:
            raise ModelError(
                f"The model {model.name} comes from PaddleOCR's hub, and its checksums are not known.",
                "rayocr loads nothing unverified.",
                f"{self._command(model)}   (records what came, and verifies it ever after)",
            )

    def _fetch_locked(self, model: Model, say: Say) -> None:
        from actors.models.sources import fetch_into

        size = f" ({model.bytes / 1e6:.0f} MB)" if model.bytes else ""
        source = published(self._config.source or str(model.source))
        say(f"fetching model {model.name}{size} from {source}")
        prefix = f".fetch-{model.name}-"
        for left_by_a_dead_process in self.root.glob(f"{prefix}*"):
            shutil.rmtree(left_by_a_dead_process, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=self.root, prefix=prefix) as scratch:
            folder = Path(scratch) / model.name
            folder.mkdir()
            fetch_into(model, folder, self._config)
            if not model.files and self._config.source is None:
                hashes = {file.name: sha256_of(file) for file in sorted(folder.iterdir())}
                (folder / TRUSTED).write_text(json.dumps(hashes, indent=2), "utf-8")
            fault = _fault_in(model, folder)
            if fault is not None:
                raise ModelError(
                    f"What was fetched as {model.name} is not that model: {fault}.",
                    "It was thrown away.",
                    "Check models.source, and your package index or mirror.",
                )
            target = self.root / model.name
            if target.is_symlink():
                # What it leads to may be shared, or be no model at all: it is not ours to delete.
                raise ModelError(
                    f"The model {model.name} in the cache is damaged, and its folder is a link.",
                    f"{target} leads to {target.resolve()}, which is left as it is.",
                    f"Remove the link {target}, or mend the files that it leads to.",
                )
            if target.exists():
                target.rename(Path(scratch) / "replaced")
            folder.rename(target)
        say(f"model {model.name} is verified")

    def _files(self, model: Model) -> ModelFiles:
        folder = self.root / model.name
        return ModelFiles(model, folder, expected_hashes(model, folder))

    def _fault(self, model: Model) -> str | None:
        folder = self.root / model.name
        return _fault_in(model, folder) if folder.is_dir() else "it was not fetched yet"

    def _command(self, model: Model) -> str:
        """The command that fetches the model into this cache."""
        command = f"rayocr models fetch {model.name}"
        if isinstance(model.source, Hub) and self._config.source is None:
            command += " --trust-hub"
        if self._config.source:
            command += f" --source {self._config.source}"
        return f"{command} --cache {self._config.cache}" if self._config.cache else command


def expected_hashes(model: Model, folder: Path) -> dict[str, str]:
    """SHA-256 by file name: the catalogue's, or what was recorded when a hub was trusted."""
    if model.files:
        return {file.name: file.sha256 for file in model.files}
    try:
        recorded = json.loads((folder / TRUSTED).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in recorded.items()} if isinstance(recorded, dict) else {}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fault_in(model: Model, folder: Path) -> str | None:
    if not model.files and (folder / TRUSTED).exists():
        # Only here the hashes lie beside the files: who may write both may change both.
        for path in (folder, folder / TRUSTED):
            if (why := why_not_private(path)) is not None:
                return f"{path.name} {why}, so its hashes prove nothing"
    expected = expected_hashes(model, folder)
    if not expected:
        return f"{TRUSTED}, with the hashes of its files, is missing or empty"
    sizes = {file.name: file.bytes for file in model.files}
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        size = path.stat().st_size
        if size != sizes.get(name, size):
            return f"{name} has {size:,} bytes instead of {sizes[name]:,}"
        if sha256_of(path) != digest:
            known = "the catalogue's" if model.files else "the recorded one"
            return f"{name} has another SHA-256 than {known}"
    return None
