"""A glob: `*`, `?` and `[...]` within a folder's name, `**` across folders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from actors.contracts import DocRef
from actors.errors import ConfigError
from pipelines.sources.config import SourceConfig
from pipelines.sources.filter import NameFilter
from pipelines.sources.tree import folder


def glob(source: SourceConfig, names: NameFilter) -> Iterator[DocRef]:
    """The documents that match; keys are relative to the folder before the first pattern."""
    root, pattern = split(source.path)
    matcher = compiled(pattern)
    below = source.model_copy(update={"path": root, "kind": "folder"})
    try:
        for ref in folder(below, names):
            if matcher.fullmatch(ref.key):
                yield ref
    except FileNotFoundError as error:
        raise ConfigError(f"The folder {root} of the glob does not exist.", "", "Check source.path.") from error


def split(path: str) -> tuple[str, str]:
    """A glob as the folder before its first pattern, and the pattern below it."""
    first = min(path.find(character) for character in "*?[" if character in path)
    cut = path.rfind("/", 0, first)
    if cut < 0:
        return ".", path
    return path[:cut] or "/", path[cut + 1 :]


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression over whole keys."""
    *folders, last = pattern.split("/")
    parts = ["(?:[^/]+/)*" if name == "**" else _name(name) + "/" for name in folders]
    parts.append("(?:[^/]+/)*[^/]+" if last == "**" else _name(last))
    return re.compile("".join(parts), re.DOTALL)


def _name(pattern: str) -> str:
    tokens = re.findall(r"\[!?\]?[^\]]*\]|.", pattern, re.DOTALL)
    return "".join(_token(token) for token in tokens)


def _token(token: str) -> str:
    if token == "*":
        return "[^/]*"
    if token == "?":
        return "[^/]"
    if len(token) > 1:
        negated = token[1] == "!"
        inner = re.sub(r"([\\^\[\]])", r"\\\1", token[2:-1] if negated else token[1:-1])
        return f"[^/{inner}]" if negated else f"[{inner}]"
    return re.escape(token)
