"""Which documents of an output may be opened to show a page: not those that only a row names."""

from __future__ import annotations

import os
from pathlib import Path

from actors.access import origin
from actors.attached import INSIDE, container_of
from actors.contracts import DocRef
from actors.errors import ConfigError
from actors.signatures import published
from actors.uris import absolute, parse_uri
from pipelines.config import Config


def refuse_named_address(config: Config, name: str, ref: DocRef) -> None:
    """Raise ConfigError for an address that only a row names. `name`: what the person called the document;
    `ref`: what the row says of it.

    An address is the person's if it was typed, or if `source.allow` has its host or folder. So is a file
    below the folder one is in, or beside the output, whose path ends as the key does.
    """
    if ref.uri in (name, published(name)):
        return
    container, inside = container_of(ref)  # the file that is opened
    name = name.rsplit(INSIDE, len(inside))[0] if inside else name
    uri, key = container.uri, container.key
    if not parse_uri(uri).is_local:
        _refuse_remote(config, uri)
        return
    path = absolute(parse_uri(uri).path)
    typed = parse_uri(name)
    if (typed.is_local and absolute(typed.path) == path) or _is_allowed(config, path):
        return
    if _is_beside(config, path) and _ends_as(path, absolute(f"/{parse_uri(key).path}")):
        return
    raise ConfigError(
        "The picture of the page is not opened.",
        f"The output names the file {uri}, which you did not.",
        "Call the document by that path, or add -s 'source.allow=[FOLDER]' with the folder that it is in.",
    )


def _refuse_remote(config: Config, uri: str) -> None:
    where = origin(uri)
    host = where[1].rpartition(":")[0] if where[0] in ("http", "https") else where[1]
    if {host, where[1]} & set(config.source.allow):
        return
    raise ConfigError(
        "The picture of the page is not fetched.",
        f"The output names an address on {host}, which you did not.",
        f"Call the document by that address, or add -s 'source.allow=[{host}]'.",
    )


def _is_allowed(config: Config, path: str) -> bool:
    folders = [one for one in config.source.allow if one.startswith("/")]
    return "local" in config.source.allow or any(_is_below(path, one) for one in folders)


def _is_beside(config: Config, path: str) -> bool:
    """Whether a file lies below the folder one is in, or below the one that the output is in."""
    places = [Path.cwd()]
    output = parse_uri(config.output.path)
    if output.is_local:
        places.append(Path(absolute(output.path)).parent)
    return any(place != Path("/") and _is_below(path, str(place)) for place in places)


def _is_below(path: str, folder: str) -> bool:
    """With all links followed, so that none leads out."""
    return os.path.realpath(path).startswith(f"{os.path.realpath(folder).rstrip('/')}/")


def _ends_as(path: str, key: str) -> bool:
    """Whether a path is one that a source gives this key: all of the key, or all but a `source.name`."""
    return path.endswith((key, f"/{key[1:].partition('/')[2] or key[1:]}"))
