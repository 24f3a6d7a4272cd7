"""Where things are: URIs and paths, parsed once and by us, with names taken as they stand.

No part of a name is special after the bucket: `#`, `%`, `?`, `*`, spaces and unicode are characters like
any other (libraries that parse URIs cut, decode or redirect such names without a word).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.errors import ConfigError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_MARK = "\ufffd"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_TYPO = re.compile(r"(s3a?|gs|gcs|abfss?|az|https?|file|memory)(:/?[^/]|//)")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "abfs": "azure", "abfss": "azure", "az": "azure"}


@dataclass(frozen=True, slots=True)
class Uri:
    """A parsed address. `scheme` is "file" for a plain path; `path` is what its filesystem takes (with the
    bucket first on an object store); `text` is the address as a row carries it."""

    scheme: str
    path: str
    text: str

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine's disks."""
        return self.scheme == "file"


def escape_name(name: str) -> str:
    """A file name as valid UTF-8: bytes that are none become U+FFFD and two hex digits, U+FFFD itself is
    doubled. Injective; ordinary names stay as they are."""
    if name.isascii():
        return name
    return "".join(_escaped(character) for character in name)


def unescape_name(name: str) -> str:
    """The counterpart of `escape_name`: what the operating system calls the file."""
    if _MARK not in name:
        return name
    parts = re.split(f"{_MARK}({_MARK}|[0-9a-f]{{2}})", name)
    for index in range(1, len(parts), 2):
        code = parts[index]
        parts[index] = _MARK if code == _MARK else chr(0xDC00 + int(code, 16))
    return "".join(parts)


def parse_uri(text: str) -> Uri:
    """Parse an address. Raises ConfigError for a scheme that nobody knows, and for usual slips."""
    if not text:
        raise ConfigError("An address is empty.", "", "Name a file, a folder or a URL.")
    match = _SCHEME.fullmatch(text)
    if match is None:
        if _TYPO.match(text):
            raise ConfigError(
                f"{text!r} looks like a URL and is none.",
                "After the scheme come a colon and two slashes.",
                f"Write s3://bucket/key, or ./{text} for a local file of that name.",
            )
        return Uri("file", unescape_name(text), text)
    scheme, rest = match.groups()
    if scheme == "file":
        if not rest.startswith("/"):
            raise ConfigError(f"{text!r} has no absolute path.", "", f"Write file:///{rest}")
        return Uri("file", unescape_name(rest), rest)
    import fsspec

    if scheme not in fsspec.available_protocols():
        known = scheme.lower() in fsspec.available_protocols()
        remedy = f"Write {scheme.lower()}://" if known else "Known are s3, gs, abfs, az, https, file and more."
        raise ConfigError(f"{scheme}:// of {text!r} is not a known scheme.", "", remedy)
    if not rest.strip("/"):
        raise ConfigError(f"{text!r} names no bucket.", "", f"Write {scheme}://bucket/path")
    return Uri(scheme, text if scheme in ("http", "https") else rest, text)


def open_filesystem(
    uri: str, storage_options: Mapping[str, Any] | None = None
) -> tuple[AbstractFileSystem, str]:
    """The filesystem of an address, and the path that it takes. Raises ConfigError."""
    parsed = parse_uri(uri)
    import fsspec

    if parsed.is_local:
        return fsspec.filesystem("file"), parsed.path
    try:
        kind = fsspec.get_filesystem_class(parsed.scheme)
    except ImportError as error:
        extra = _EXTRAS.get(parsed.scheme)
        remedy = f"pip install 'rayocr[{extra}]'" if extra else str(error)
        raise ConfigError(f"{parsed.scheme}:// needs a package that is not here.", str(error), remedy) from error
    options = {**kind._get_kwargs_from_urls(parsed.text), **(storage_options or {})}
    return kind(**options), kind._strip_protocol(parsed.text)


def join(root: str, key: str) -> str:
    """The address of `key` below `root`, both as rows carry them."""
    return f"{root.rstrip('/')}/{key}" if key else root


def _escaped(character: str) -> str:
    if character == _MARK:
        return _MARK + _MARK
    code = ord(character)
    return f"{_MARK}{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else character
