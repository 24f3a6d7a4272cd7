"""Where things are: URIs and paths, parsed once and by us, with names taken as they stand.

No part of a name is special after the bucket: `#`, `%`, `?`, `*`, spaces and unicode are characters like
any other (libraries that parse URIs cut, decode or redirect such names without a word). Only http(s) URLs
are what the web says they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.errors import ConfigError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_MARK = "\ufffd"
_ESCAPE = re.compile(f"{_MARK}({_MARK}|[89a-f][0-9a-f])")
_TO_ESCAPE = re.compile(f"[{_MARK}\udc80-\udcff]")
_UNTIDY = re.compile(r"//|/\.?(?:/|\Z)")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_CHAIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*::[A-Za-z][A-Za-z0-9+.:-]*://", re.DOTALL)
_TYPO = re.compile(r"(s3a?|gs|gcs|abfss?|az|https?|file|memory)(:/?(?!/)|//)", re.IGNORECASE)
_EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "abfs": "azure",
    "abfss": "azure",
    "az": "azure",
}
_OBJECT_STORES = ("s3", "s3a", "gs", "gcs")
"""Their libraries read `?versionId=` or `#123` in a URL as options, so they get the bare path from us."""


@dataclass(frozen=True, slots=True)
class Uri:
    """A parsed address.

    `scheme` is "file" for a plain path. `path` is what its filesystem takes: the operating system's name of
    a local file, bucket and key on an object store, the whole URL for http(s). `text` is the address as a
    row carries it: valid UTF-8, and it parses to the same `path` again.
    """

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
    return _TO_ESCAPE.sub(lambda match: _escaped(match.group()), name)


def unescape_name(name: str) -> str:
    """The counterpart of `escape_name`: what the operating system calls the file."""
    if _MARK not in name:
        return name
    return _ESCAPE.sub(lambda match: _unescaped(match.group(1)), name)


def parse_uri(text: str) -> Uri:
    """Parse an address, local ones by `unescape_name`. Raises ConfigError for a scheme that nobody knows,
    for usual slips, and for a URL that is no text."""
    if not text:
        raise ConfigError("An address is empty.", "", "Name a file, a folder or a URL.")
    match = _SCHEME.fullmatch(text)
    if match is None:
        if _TYPO.match(text) or _CHAIN.match(text):
            raise ConfigError(
                f"{_shown(text)} looks like a URL and is none.",
                "After one scheme come a colon and two slashes.",
                f"Write s3://bucket/key, or {_shown('./' + text)} for a local file of that name.",
            )
        return _local(text)
    scheme, rest = match.groups()
    if scheme == "file":
        if not rest.startswith("/"):
            path = rest.removeprefix("localhost/") or "path"
            raise ConfigError(
                f"{_shown(text)} has no absolute path.", "", f"Write {_shown('file:///' + path)}"
            )
        return _local(rest)
    _check_scheme(scheme, text)
    if _SURROGATE.search(text):
        raise ConfigError(
            f"{_shown(text)} is no text.",
            "A URL must be valid UTF-8.",
            "Write the name as the store lists it.",
        )
    if scheme in _EXTRAS or scheme in ("http", "https"):
        no_host = not rest or rest.startswith("/")
    else:
        no_host = not rest.strip("/")
    if no_host:
        raise ConfigError(f"{text!r} names no bucket or host.", "", f"Write {scheme}://bucket/path")
    if scheme in ("s3", "s3a") and "?versionId=" in rest:
        raise ConfigError(
            f"{text!r} cannot be read.",
            "The S3 library takes what follows ?versionId= for a version, and would read another object.",
            "Rename the object.",
        )
    return Uri(scheme, text if scheme in ("http", "https") else rest, text)


def open_filesystem(
    uri: str, storage_options: Mapping[str, Any] | None = None
) -> tuple[AbstractFileSystem, str]:
    """The fsspec filesystem of an address, and the path that it takes. Options are not for local ones.

    Raises ConfigError: for a bad address, a package that is missing, or options that it does not take.
    """
    parsed = parse_uri(uri)
    import fsspec

    if parsed.is_local:
        return fsspec.filesystem("file"), absolute(parsed.path)
    try:
        kind = fsspec.get_filesystem_class(parsed.scheme)
    except ImportError as error:
        extra = _EXTRAS.get(parsed.scheme)
        remedy = f"pip install 'rayocr[{extra}]'" if extra else str(error)
        raise ConfigError(
            f"{parsed.scheme}:// needs a package that is not here.", str(error), remedy
        ) from error
    options = dict(storage_options or {})
    try:
        if parsed.scheme in _OBJECT_STORES:
            return kind(**options), parsed.path
        return kind(**{**kind._get_kwargs_from_urls(parsed.text), **options}), kind._strip_protocol(
            parsed.text
        )
    except Exception as error:
        raise ConfigError(
            f"The filesystem of {parsed.scheme}:// cannot be opened.",
            f"{type(error).__name__}: {error}",
            "Check storage_options and the credentials.",
        ) from error


def join(root: str, key: str) -> str:
    """The address of `key` below `root`, both as rows carry them."""
    return f"{root.rstrip('/')}/{key}" if key else root


def absolute(path: str) -> str:
    """A local path from the root on. `..` stays: after a symbolic link it is not what it seems."""
    if path.startswith("/") and not _UNTIDY.search(path):
        return path  # what pathlib makes of it, in a tenth of the time
    return str(Path(path).absolute())


def _local(text: str) -> Uri:
    path = unescape_name(text)
    return Uri("file", path, escape_name(path))


def _check_scheme(scheme: str, text: str) -> None:
    import fsspec

    if scheme == "local":
        raise ConfigError(f"{_shown(text)} is a local path.", "", "Write the path alone, or file:///path")
    known = fsspec.available_protocols()
    if scheme not in known:
        lower = scheme.lower() in known
        remedy = (
            f"Write {scheme.lower()}://" if lower else "Known are s3, gs, abfs, az, https, file and more."
        )
        raise ConfigError(f"{scheme}:// of {_shown(text)} is not a known scheme.", "", remedy)


def _shown(text: str) -> str:
    """For messages: names that are no text would break the terminal they are printed on."""
    return repr(_SURROGATE.sub(_MARK, text))


def _escaped(character: str) -> str:
    if character == _MARK:
        return _MARK + _MARK
    return f"{_MARK}{ord(character) - 0xDC00:02x}"


def _unescaped(code: str) -> str:
    return _MARK if code == _MARK else chr(0xDC00 + int(code, 16))
