"""Connections to web servers that are kept for the next document: on one event loop, each for one purpose."""

from __future__ import annotations

import asyncio
import atexit
import socket
import threading
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from actors.access import Access, origin
from actors.errors import ConfigError

if TYPE_CHECKING:
    import aiohttp

_MOST = 16
"""Hosts to which connections are kept."""

_IDLE_S = 15.0
"""Seconds for which an idle connection is kept: servers close theirs after 5 to 75."""

_END_S = 1.0

_T = TypeVar("_T")


@dataclass
class _Kept:
    """A session for one host as one access allows it; `users`: requests that are underway."""

    access: Access
    place: tuple[str, str]
    redirected: bool
    session: aiohttp.ClientSession
    users: int = 0


class WebSessions:
    """Sessions of one process. A session serves one host, under one access, either typed or redirected to:
    every connection in it goes to an address that was checked for just that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kept: list[_Kept] = []

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What `work` returns or raises, for any thread."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="rayocr-web", daemon=True).start()
                atexit.register(self._close)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @asynccontextmanager
    async def session(
        self, url: str, access: Access, kwargs: Mapping[str, Any], *, redirected: bool
    ) -> AsyncIterator[aiohttp.ClientSession]:
        """A session for the host of `url`. Raises ConfigError for `kwargs` that aiohttp refuses."""
        if {"cookies", "cookie_jar"} & set(kwargs):  # a jar that others share would carry what servers set
            async with _new(url, access, kwargs, redirected) as session:
                yield session
            return
        kept = self._find(url, access, kwargs, redirected)
        kept.users += 1
        try:
            yield kept.session
        finally:
            kept.users -= 1
            await self._forget()

    def _find(self, url: str, access: Access, kwargs: Mapping[str, Any], redirected: bool) -> _Kept:
        import aiohttp

        place = origin(url)
        for one in self._kept:
            if (one.place, one.redirected) == (place, redirected) and one.access == access:
                self._kept.remove(one)
                self._kept.append(one)  # the last is the one used last
                return one
        session = _new(url, access, {**kwargs, "cookie_jar": aiohttp.DummyCookieJar()}, redirected)
        kept = _Kept(access, place, redirected, session)
        self._kept.append(kept)
        return kept

    async def _forget(self) -> None:
        idle = [one for one in self._kept if not one.users]
        for one in idle[: max(0, len(self._kept) - _MOST)]:
            self._kept.remove(one)
            await one.session.close()

    def _close(self) -> None:
        """Close what is kept, as aiohttp complains of sessions that are left open."""

        async def close() -> None:
            for one in self._kept:
                await one.session.close()

        if self._loop is not None and self._loop.is_running():
            with suppress(Exception):
                asyncio.run_coroutine_threadsafe(close(), self._loop).result(_END_S)


def _new(url: str, access: Access, kwargs: Mapping[str, Any], redirected: bool) -> aiohttp.ClientSession:
    import aiohttp

    connector = aiohttp.TCPConnector(resolver=_resolver(url, access, redirected), keepalive_timeout=_IDLE_S)
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
