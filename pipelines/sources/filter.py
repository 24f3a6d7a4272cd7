"""Which files of a folder are documents: `source.ignore`, `source.include`, and the output's own folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from fnmatch import translate
from pathlib import Path

from actors.errors import ConfigError
from actors.uris import parse_uri
from pipelines.sources.config import SourceConfig

_SHOWN = 5
"""Patterns that the line about what was left out names."""
_ALIASES = {"s3a": "s3", "gcs": "gs", "az": "abfs", "abfss": "abfs"}


class NameFilter:
    """Decides by names alone. `ignored_files` and `ignored_folders` count what was left out;
    `excluded_folders` are the identities of excluded folders on a disk; `asked`: whether a file, by its key,
    was asked for at all."""

    def __init__(self, source: SourceConfig, exclude: Sequence[str]) -> None:
        self._patterns = source.ignore
        self._ignore = _compiled(source.ignore)
        self._include = _compiled(source.include) if source.include is not None else None
        self._by_pattern: Counter[int] = Counter()
        self._not_included = 0
        self._excluded = {canonical(address): address for address in exclude}
        self.excluded_folders = frozenset(
            folder_identity(address) for address in self._excluded if Path(address).is_dir()
        )
        self._last_folder = ("", True)
        self.asked: Callable[[str], bool] = lambda _: True
        self.ignored_files = 0
        self.ignored_folders = 0

    def refuse_inside_excluded(self, source: SourceConfig) -> None:
        """Raise ConfigError if the folder or glob to list is inside an excluded folder."""
        root = canonical(source.path)
        for excluded, address in self._excluded.items():
            if is_below(root, excluded):
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
        if not self.asked(key):
            return False
        taken = not self._ignores(key)
        if taken and self._include is not None:
            taken = _match(self._include, key) is not None
            self._not_included += not taken
        self.ignored_files += not taken
        return taken

    def takes_key(self, key: str, full: str) -> bool:
        """As `takes_file`, and for each folder of the key as `takes_folder`: for flat listings.

        `full`: the file's address as `canonical` gives it.
        """
        if any(is_below(full, excluded) for excluded in self._excluded):
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
        counts = self._counts()
        if not counts:
            return "No file is there."
        return f"{counts} left out by source.ignore or source.include."

    def left_out(self) -> str:
        """What was left out, with the patterns that most of it matched; empty if nothing was."""
        counts = self._counts()
        if not counts:
            return ""
        most = [(self._patterns[index], count) for index, count in self._by_pattern.most_common(_SHOWN)]
        told = [f"{_shown(pattern)} {count:,}" for pattern, count in most]
        if len(self._by_pattern) > _SHOWN:
            told.append("...")
        if self._not_included:
            told.append(f"not in source.include {self._not_included:,}")
        return f"left out by name: {counts} ({', '.join(told)})"

    def _counts(self) -> str:
        counts = [(self.ignored_files, "files"), (self.ignored_folders, "folders")]
        parts = [f"{count:,} {noun if count > 1 else noun[:-1]}" for count, noun in counts if count]
        return " and ".join(parts)

    def _ignores(self, key: str) -> bool:
        found = _match(self._ignore, key)
        if found is not None:
            self._by_pattern[found] += 1
        return found is not None


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


def is_below(address: str, folder: str) -> bool:
    """Whether an address is a folder, or in it; both as `canonical` gives them."""
    return address == folder or address.startswith(folder.rstrip("/") + "/")


def _shown(pattern: str) -> str:
    """A pattern in a line of text: one of the defaults ends in a carriage return."""
    return pattern if pattern.isprintable() else repr(pattern)[1:-1]


def _compiled(patterns: Sequence[str]) -> re.Pattern[str] | None:
    """One expression with a group for each pattern; a pattern's own translation has none."""
    if not patterns:
        return None
    return re.compile("|".join(f"({translate(pattern)})" for pattern in patterns), re.IGNORECASE)


def _match(pattern: re.Pattern[str] | None, key: str) -> int | None:
    """Index of a pattern that fits the last name of a key, or all of it; None if there is none."""
    if pattern is None:
        return None
    found = pattern.match(key.rpartition("/")[2]) or ("/" in key and pattern.match(key))
    return (found.lastindex or 1) - 1 if found else None
