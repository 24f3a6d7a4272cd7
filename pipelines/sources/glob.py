"""A glob: `*`, `?` and `[...]` within a name, `**` across folders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from actors.contracts import DocRef
from actors.errors import ConfigError
from actors.uris import parse_uri, unescape_name
from pipelines.sources.config import SourceConfig
from pipelines.sources.filter import NameFilter
from pipelines.sources.kinds import PATTERNS, what_is_there
from pipelines.sources.reach import reaching
from pipelines.sources.tree import folder

IsFolder = Callable[[str], bool]
"""Whether a folder of this very name exists."""


def glob(source: SourceConfig, names: NameFilter) -> Iterator[DocRef]:
    """The documents that match; keys are relative to the folder before the first pattern.

    Raises ConfigError for a pattern that is none, or a folder that cannot be listed.
    """

    def is_folder(path: str) -> bool:
        with reaching(source):
            return what_is_there(source.model_copy(update={"path": path})) == "folder"

    address = parse_uri(source.path)
    root, pattern = split(address.text, is_folder)
    pattern = unescape_name(pattern) if address.is_local else pattern
    try:
        whole, folders = compiled(pattern), compiled_folders(pattern)
    except re.error as error:
        raise ConfigError(
            f"{pattern} is no pattern.", str(error), "Patterns are *, ?, [abc], [a-z], [!a] and **."
        ) from error
    below = source.model_copy(update={"path": root, "kind": "folder"})
    names.asked = lambda key: whole.fullmatch(unescape_name(key)) is not None
    yield from folder(below, names, lambda key: folders.fullmatch(unescape_name(key)) is not None)


def split(path: str, is_folder: IsFolder = lambda _: False) -> tuple[str, str]:
    """A glob as the folder before its first pattern, and the pattern below it. A folder that exists under
    a name with `*`, `?` or `[` in it is no pattern."""
    cut = _cut(path, 0)
    while (end := path.find("/", cut + 1)) >= 0 and is_folder(path[:end]):
        cut = _cut(path, end)
    if cut < 0:
        return ".", path
    return path[:cut] or "/", path[cut + 1 :]


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression over whole keys."""
    *folders, last = _names(pattern)
    return re.compile("".join(_folder(name) for name in folders) + _last(last), re.DOTALL)


def compiled_folders(pattern: str) -> re.Pattern[str]:
    """A regular expression over the keys of folders that may hold matches at some depth."""
    names = _names(pattern)
    expression = ""
    for name in reversed(names if names[-1] == "**" else names[:-1]):
        below = f"(?:/{expression})?" if expression else ""
        expression = ".*" if name == "**" else _name(name) + below
    return re.compile(expression, re.DOTALL)


def _cut(path: str, start: int) -> int:
    """Index of the slash before the first pattern at or after `start`."""
    found = [index for character in PATTERNS if (index := path.find(character, start)) >= 0]
    return path.rfind("/", 0, min(found, default=len(path)))


def _names(pattern: str) -> list[str]:
    names = pattern.split("/")
    return [name for index, name in enumerate(names) if name != "**" or names[index - 1 : index] != ["**"]]


def _folder(name: str) -> str:
    return "(?:[^/]+/)*" if name == "**" else _name(name) + "/"


def _last(name: str) -> str:
    return "(?:[^/]+/)*[^/]+" if name == "**" else _name(name)


def _name(pattern: str) -> str:
    return "".join(_token(token) for token in re.findall(r"\[!?\]?[^\]]*\]|.", pattern, re.DOTALL))


def _token(token: str) -> str:
    if token == "*":
        return "[^/]*"
    if token == "?":
        return "[^/]"
    negated = token[1:2] == "!"
    inner = token[2:-1] if negated else token[1:-1]
    if not inner:
        return re.escape(token)
    inner = re.sub(r"([\\^\[\]&~|])", r"\\\1", inner)
    return f"[^/{inner}]" if negated else f"[{inner}]"
