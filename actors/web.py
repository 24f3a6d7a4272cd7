"""A document from a web server: bounded, each redirect checked, from the address that was checked."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from actors.access import Access
from actors.errors import ConfigError, PageError

if TYPE_CHECKING:
    import aiohttp

_REDIRECTS = (301, 302, 303, 307, 308)
"""Status codes whose `Location` is followed (RFC 9110, 15.4)."""
_MOST_REDIRECTS = 10
_PIECE = 1 << 20
_OF_FSSPEC = ("block_size", "simple_links", "same_scheme", "size_policy", "cache_type", "cache_options")
_OF_FSSPEC_CLIENT = ("client_kwargs", "encoded", "asynchronous", "loop", "get_client")
"""Options of fsspec's HTTPFileSystem that are none of a request."""


def fetch(url: str, limit: int, access: Access) -> bytes:
    """The body that a URL gives, at most `limit` + 1 bytes of it: one byte more says that it is larger.

    Raises PageError `read.denied` for a host that `access` does not allow, FileNotFoundError for 404, and
    what aiohttp raises.
    """
    return asyncio.run(_fetch(url, limit, access))


async def _fetch(url: str, limit: int, access: Access) -> bytes:
    for hop in range(_MOST_REDIRECTS + 1):
        found = await _one(url, limit, access, redirected=hop > 0)
        if isinstance(found, bytes):
            return found
        url = urljoin(url, found)
        if not url.startswith(("http://", "https://")):
            raise PageError("read.denied", "the server redirects to what is no web address")
    raise PageError("read.denied", f"the server redirects more than {_MOST_REDIRECTS} times")


async def _one(url: str, limit: int, access: Access, *, redirected: bool) -> bytes | str:
    """The body, or where the server redirects to."""
    import aiohttp
    from yarl import URL

    options = access.options_for(url)
    target = URL(url, encoded=bool(options.get("encoded")))
    request = {name: one for name, one in options.items() if name not in (*_OF_FSSPEC, *_OF_FSSPEC_CLIENT)}
    connector = aiohttp.TCPConnector(resolver=_resolver(url, access, redirected))
    _check_number(target.host or "", url, access, redirected)
    # Without compression the size that the server tells is the size that is read.
    headers = {"Accept-Encoding": "identity"} | dict(request.pop("headers", {}))
    async with (
        _session(connector, options.get("client_kwargs", {})) as session,
        session.get(target, allow_redirects=False, headers=headers, **request) as answer,
    ):
        if answer.status in _REDIRECTS and "Location" in answer.headers:
            return answer.headers["Location"]
        if answer.status == 404:
            raise FileNotFoundError("the server has no such document (404)")
        if answer.status >= 400:
            raise aiohttp.ClientResponseError(
                answer.request_info, (), status=answer.status, message=answer.reason or ""
            )
        if (answer.content_length or 0) > limit:
            return bytes(limit + 1)
        body = bytearray()
        async for piece in answer.content.iter_chunked(_PIECE):
            body += piece
            if len(body) > limit:
                break
        return bytes(body[: limit + 1])


def _session(connector: aiohttp.TCPConnector, kwargs: Mapping[str, Any]) -> aiohttp.ClientSession:
    import aiohttp

    try:
        return aiohttp.ClientSession(connector=connector, **kwargs)
    except TypeError as error:
        raise ConfigError(
            "The options of a web server are not understood.", str(error), "Check client_kwargs."
        ) from error


def _resolver(url: str, access: Access, redirected: bool) -> aiohttp.abc.AbstractResolver:
    """Names are looked up once; aiohttp connects to the very addresses that were checked."""
    import aiohttp

    class Checked(aiohttp.ThreadedResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
            found = await super().resolve(host, port, family)
            for one in found:
                access.check_host(url, one["host"], redirected)
            return found

    return Checked()


def _check_number(host: str, url: str, access: Access, redirected: bool) -> None:
    """aiohttp looks up no host that is an address already."""
    try:
        number = str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        try:  # 2130706433, 0x7f000001 and 127.1 are 127.0.0.1 to some resolvers
            number = socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            return
    access.check_host(url, number, redirected)
