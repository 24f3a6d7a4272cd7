"""Which files of a folder are documents: `source.ignore`, `source.include`, and the output's own folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from pathlib import Path

from actors.errors import ConfigError
from actors.uris import parse_uri
from pipelines.sources.config import SourceConfig


class NameFilter:
    """Decides by names alone. `ignored` counts what was left out."""

    def __init__(self, source: SourceConfig, exclude: Sequence[str]) -> None:
        self._ignore = _compiled(source.ignore)
        self._include = _compiled(source.include) if source.include is not None else None
        self._excluded = [_canonical(address) for address in exclude]
        self.ignored = 0
        root = _canonical(source.path)
        for address, excluded in zip(exclude, self._excluded, strict=True):
            if root == excluded or root.startswith(excluded + "/"):
                raise ConfigError(
                    f"The source {source.path} is the output {address}, or inside it.",
                    "The run would read what it writes.",
                    "Take an output.path beside the source.",
                )

    def takes_folder(self, name: str, full: str) -> bool:
        """Whether to look into a folder. `full`: its local path, or bucket and key."""
        return not _matches(self._ignore, name) and full.rstrip("/") not in self._excluded

    def takes_file(self, key: str) -> bool:
        """Whether a file is a document."""
        name = key.rpartition("/")[2]
        taken = not _matches(self._ignore, name) and not _matches(self._ignore, key)
        if taken and self._include is not None:
            taken = _matches(self._include, name) or _matches(self._include, key)
        self.ignored += not taken
        return taken

    def takes_key(self, key: str, full: str) -> bool:
        """As `takes_file`, and for each folder of the key as `takes_folder`: for flat listings."""
        folders = key.split("/")[:-1]
        inside = any(full.startswith(excluded + "/") for excluded in self._excluded)
        if inside or any(_matches(self._ignore, folder) for folder in folders):
            self.ignored += 1
            return False
        return self.takes_file(key)


def _compiled(patterns: Sequence[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(translate(pattern) for pattern in patterns), re.IGNORECASE)


def _matches(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.match(text) is not None


def _canonical(address: str) -> str:
    """A local path with links resolved, so that two ways to the same folder are one; a URL without `/`."""
    parsed = parse_uri(address)
    return str(Path(parsed.path).resolve()) if parsed.is_local else parsed.path.rstrip("/")
