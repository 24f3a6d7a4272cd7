"""A document from a web server: bounded, each redirect checked, from the address that was checked."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import urljoin

from actors.access import Access
from actors.errors import PageError
from actors.web_sessions import WebSessions

if TYPE_CHECKING:
    import aiohttp

_REDIRECTS = (301, 302, 303, 307, 308)
"""Status codes whose `Location` is followed (RFC 9110, 15.4)."""
_MOST_REDIRECTS = 10
_PIECE = 1 << 20
_OF_FSSPEC = ("block_size", "simple_links", "same_scheme", "size_policy", "cache_type", "cache_options")
_OF_FSSPEC_CLIENT = ("client_kwargs", "encoded", "asynchronous", "loop", "get_client")
"""Options of fsspec's HTTPFileSystem that are none of a request."""


_T = TypeVar("_T")
_Take: TypeAlias = "Callable[[aiohttp.ClientResponse], Awaitable[_T]]"


@dataclass(frozen=True, slots=True)
class _Redirect:
    """Where a server says that the document is."""

    target: str


_SESSIONS = WebSessions()
"""One for the process, as connections are: a TLS handshake for each document is two ways to the server and
back, and some milliseconds of CPU."""


def fetch(url: str, limit: int, access: Access) -> bytes:
    """The body that a URL gives, at most `limit` + 1 bytes of it: one byte more says that it is larger.

    Raises PageError `read.denied` for a host that `access` does not allow, FileNotFoundError for 404, and
    what aiohttp raises.
    """

    async def body(answer: aiohttp.ClientResponse) -> bytes:
        if (answer.content_length or 0) > limit:
            return bytes(limit + 1)
        body = bytearray()
        async for piece in answer.content.iter_chunked(_PIECE):
            body += piece
            if len(body) > limit:
                break
        return bytes(body[: limit + 1])

    return _SESSIONS.run(_follow("GET", url, access, body))


def look(url: str, access: Access) -> dict[str, Any]:
    """What a server says of a document, as fsspec lists it: `type`, `size`, `ETag`. Raises as `fetch`.

    A server that answers no HEAD, or whose signature is for GET alone, is asked by GET.
    """
    import aiohttp

    async def told(answer: aiohttp.ClientResponse) -> dict[str, Any]:
        found: dict[str, Any] = {"name": url, "type": "file", "size": None}
        if answer.headers.get("Content-Encoding", "identity") in ("identity", ""):
            found["size"] = answer.content_length
        return found | ({"ETag": answer.headers["ETag"]} if "ETag" in answer.headers else {})

    try:
        return _SESSIONS.run(_follow("HEAD", url, access, told))
    except (aiohttp.ClientResponseError, FileNotFoundError):
        return _SESSIONS.run(_follow("GET", url, access, told))


async def _follow(method: str, url: str, access: Access, take: _Take[_T]) -> _T:
    for hop in range(_MOST_REDIRECTS + 1):
        found = await _one(method, url, access, take, redirected=hop > 0)
        if not isinstance(found, _Redirect):
            return found
        url = urljoin(url, found.target)
        if not url.startswith(("http://", "https://")):
            raise PageError("read.denied", "the server redirects to what is no web address")
    raise PageError("read.denied", f"the server redirects more than {_MOST_REDIRECTS} times")


async def _one(method: str, url: str, access: Access, take: _Take[_T], *, redirected: bool) -> _T | _Redirect:
    """What `take` makes of the answer, or where the server redirects to."""
    import aiohttp
    from yarl import URL

    options = access.options_for(url)
    target = URL(url, encoded=bool(options.get("encoded")))
    request = {name: one for name, one in options.items() if name not in (*_OF_FSSPEC, *_OF_FSSPEC_CLIENT)}
    _check_number(target.host or "", url, access, redirected)
    # Without compression the size that the server tells is the size that is read.
    headers = {"Accept-Encoding": "identity"} | dict(request.pop("headers", {}))
    kwargs = options.get("client_kwargs", {})
    async with (
        _SESSIONS.session(url, access, kwargs, redirected=redirected) as session,
        session.request(method, target, allow_redirects=False, headers=headers, **request) as answer,
    ):
        if answer.status in _REDIRECTS and "Location" in answer.headers:
            return _Redirect(answer.headers["Location"])
        if answer.status == 404:
            raise FileNotFoundError("the server has no such document (404)")
        if answer.status >= 400:
            raise aiohttp.ClientResponseError(
                answer.request_info, (), status=answer.status, message=answer.reason or ""
            )
        return await take(answer)


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
