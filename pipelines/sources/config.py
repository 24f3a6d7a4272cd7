"""The settings of a source."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from actors.access import Access
from actors.settings import Settings
from actors.uris import parse_uri

DEFAULT_IGNORE = (
    ".*",
    "*.json",
    "*.jsonl",
    "*.csv",
    "*.md",
    "*.txt",
    "*.xml",
    "*.yaml",
    "*.yml",
    "*.parquet",
    "*.blocks.png",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "Icon\r",
    "@eaDir",
    "#recycle",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    "~$*",
)
"""Hidden files (among them `.DS_Store`, `.AppleDouble`, `.Trash-1000` and LibreOffice's `.~lock.a.odt#`),
sidecars, and what file managers, NAS boxes, disks and Office leave behind."""


class SourceConfig(Settings):
    """What to read."""

    path: str
    """A file, a folder (with all folders in it), a glob, a manifest, or the URL of one (s3://, gs://,
    abfs://, https:// ...). Names are taken as they stand; what exists is never read as a pattern."""

    kind: Literal["auto", "file", "folder", "glob", "manifest"] = "auto"
    """What `path` is. `auto`: what exists there; a `.txt`, `.csv` or `.parquet` file is a manifest; a path
    that does not exist and holds `*`, `?` or `[` is a glob."""

    ignore: tuple[str, ...] = DEFAULT_IGNORE
    """Patterns of names that a folder or glob leaves out, matched without regard to case against the file's
    name, against each folder's name above it, and against its whole key."""

    include: tuple[str, ...] | None = None
    """If given, a folder gives only files whose name or key matches one of these patterns."""

    column: str = "uri"
    """Column of a `.csv` or `.parquet` manifest that holds the addresses; the others become `meta`."""

    follow_links: Literal["all", "inside", "none"] = "all"
    """Symbolic links of a folder or glob on a disk that are followed. `inside`: those that end below it;
    `none`: none, so that a folder from a stranger gives no file from elsewhere. `path` may be a link."""

    limit: int | None = Field(default=None, ge=1)
    """Take only the first so many documents."""

    name: str | None = None
    """Put before every key, so that several sources can share an output."""

    storage_options: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Options of the fsspec filesystem of `path` (endpoint, credentials ...); never printed. They go to its
    scheme and host alone; those of a list on this machine to any s3:// and gs:// bucket."""

    host_options: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False)
    """The same for other hosts, by `scheme://host` or `scheme://bucket`; never printed."""

    allow: tuple[str, ...] = ()
    """What a manifest from elsewhere, or a redirect, may name beside public hosts: `local` (files of this
    machine), a folder, `private` (private and loopback addresses), a host, `host:port`, or `10.0.0.0/8`."""

    def access(self) -> Access:
        """What reading the documents of this source may reach, and with which options."""
        listed = self.kind in ("auto", "manifest") and not parse_uri(self.path).is_local
        return Access(self.path, self.storage_options, self.host_options, self.allow, listed)
