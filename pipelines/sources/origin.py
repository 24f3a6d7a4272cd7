"""Where the documents of an output came from: what `rayocr.json` remembers of a source, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from actors.signatures import published
from actors.uris import escape_name, parse_uri
from pipelines.sources.config import SourceConfig
from pipelines.sources.filter import canonical


@dataclass(frozen=True, slots=True)
class Origin:
    """A source as an output remembers it. `path`: absolute, links resolved; no user, password or query of a
    URL. `name`, `kind`, `ignore` and `include` as they were set."""

    path: str
    kind: str = "auto"
    name: str | None = None
    ignore: tuple[str, ...] = ()
    include: tuple[str, ...] | None = None

    @classmethod
    def of(cls, source: SourceConfig) -> Origin:
        """That of a source. Raises ConfigError for an address that cannot be."""
        return cls(_place(source.path), source.kind, source.name, source.ignore, source.include)

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any]) -> Origin:
        """The counterpart of `tree`. Raises ValueError, KeyError or TypeError for what is none."""
        path, name, include = tree["path"], tree.get("name"), tree.get("include")
        if not isinstance(path, str) or not isinstance(name, str | None):
            raise TypeError("a source has no path, or a name that is none")
        return cls(
            path,
            str(tree.get("kind", "auto")),
            name,
            tuple(map(str, tree.get("ignore", ()))),
            None if include is None else tuple(map(str, include)),
        )

    def tree(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)

    def is_same_place(self, other: Origin) -> bool:
        """Whether both give the same keys, as far as names tell."""
        return (self.path, self.name) == (other.path, other.name)

    def owns(self, key: str, others: Iterable[Origin]) -> bool:
        """Whether a document of this key may be of this source, and not of another one by its name."""
        if self.name is not None:
            return key.startswith(f"{self.name}/")
        return not any(key.startswith(f"{one.name}/") for one in others if one.name is not None)

    def differences(self, other: Origin) -> list[str]:
        """What is there, and what is here, setting by setting."""
        mine, theirs = self.tree(), other.tree()
        return [
            f"source.{name}: {_shown(mine[name])} there, {_shown(theirs[name])} now"
            for name in ("path", "name", "include", "ignore")
            if mine[name] != theirs[name]
        ]


def _place(path: str) -> str:
    parsed = parse_uri(path)
    if parsed.scheme in ("http", "https"):
        parts = urlsplit(parsed.text)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return published(escape_name(canonical(path)))


def _shown(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else " ".join(map(repr, value))  # type: ignore[call-overload]
