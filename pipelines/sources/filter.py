"""Which files of a folder are documents: `source.ignore`, `source.include`, and the output's own folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from pathlib import Path

from actors.errors import ConfigError
from actors.uris import parse_uri
from pipelines.sources.config import SourceConfig

_ALIASES = {"s3a": "s3", "gcs": "gs", "az": "abfs", "abfss": "abfs"}


class NameFilter:
    """Decides by names alone. `ignored_files` and `ignored_folders` count what was left out;
    `excluded_folders` are the identities of excluded folders on a disk."""

    def __init__(self, source: SourceConfig, exclude: Sequence[str]) -> None:
        self._ignore = _compiled(source.ignore)
        self._include = _compiled(source.include) if source.include is not None else None
        self._excluded = {canonical(address): address for address in exclude}
        self.excluded_folders = frozenset(
            folder_identity(address) for address in self._excluded if Path(address).is_dir()
        )
        self._last_folder = ("", True)
        self.ignored_files = 0
        self.ignored_folders = 0

    def refuse_inside_excluded(self, source: SourceConfig) -> None:
        """Raise ConfigError if the folder or glob to list is inside an excluded folder."""
        root = canonical(source.path)
        for excluded, address in self._excluded.items():
            if _is_below(root, excluded):
                raise ConfigError(
                    f"The source {source.path} is the output {address}, or inside it.",
                    "The run would read what it writes.",
                    "Take an output.path beside the source.",
                )

    def takes_folder(self, key: str) -> bool:
        """Whether to look into a folder; `excluded_folders` are the walker's to skip."""
        taken = not self._ignores(key)
        self.ignored_folders += not taken
        return taken

    def takes_file(self, key: str) -> bool:
        """Whether a file is a document."""
        taken = not self._ignores(key)
        if taken and self._include is not None:
            taken = _matches(self._include, key)
        self.ignored_files += not taken
        return taken

    def takes_key(self, key: str, full: str) -> bool:
        """As `takes_file`, and for each folder of the key as `takes_folder`: for flat listings.

        `full`: the file's address as `canonical` gives it.
        """
        if any(_is_below(full, excluded) for excluded in self._excluded):
            return False
        parent = key.rpartition("/")[0]
        if self._last_folder[0] != parent:  # a listing is sorted: the last answer serves a whole folder
            cuts = [index for index, character in enumerate(key) if character == "/" and index]
            self._last_folder = (parent, not any(self._ignores(key[:cut]) for cut in cuts))
        if not self._last_folder[1]:
            self.ignored_files += 1
            return False
        return self.takes_file(key)

    def describe(self) -> str:
        """What was left out, in a sentence."""
        counts = [(self.ignored_files, "files"), (self.ignored_folders, "folders")]
        parts = [f"{count:,} {noun if count > 1 else noun[:-1]}" for count, noun in counts if count]
        if not parts:
            return "No file is there."
        return f"{' and '.join(parts)} left out by source.ignore or source.include."

    def _ignores(self, key: str) -> bool:
        return _matches(self._ignore, key)


def folder_identity(path: str) -> tuple[int, int]:
    """Device and inode: two ways to the same folder are one. Raises OSError."""
    info = Path(path).stat()
    return info.st_dev, info.st_ino


def canonical(address: str) -> str:
    """An address in one form: a local path with links resolved, a URL without a slash at its end."""
    parsed = parse_uri(address)
    if parsed.is_local:
        return str(Path(parsed.path).resolve())
    return f"{_ALIASES.get(parsed.scheme, parsed.scheme)}://{parsed.path.strip('/')}"


def _is_below(address: str, folder: str) -> bool:
    return address == folder or address.startswith(folder.rstrip("/") + "/")


def _compiled(patterns: Sequence[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(translate(pattern) for pattern in patterns), re.IGNORECASE)


def _matches(pattern: re.Pattern[str] | None, key: str) -> bool:
    """Whether a pattern fits the last name of a key, or all of it."""
    if pattern is None:
        return False
    return bool(pattern.match(key.rpartition("/")[2]) or ("/" in key and pattern.match(key)))
