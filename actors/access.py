"""Where documents may come from, and which options go where: what a person typed is trusted, data is not."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from actors.errors import PageError
from actors.uris import absolute, parse_uri

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_ALIASES = {"s3a": "s3", "gcs": "gs", "az": "abfs", "abfss": "abfs"}
_PORTS = {"http": 80, "https": 443}
_SIGNING = ("s3", "gs")
"""Stores whose options hold the endpoint: the secret goes there and not where the address says."""
_REMOTE = ("s3", "gs", "abfs", "http", "https")
"""Schemes that a list from elsewhere may name; others reach this machine or chain file systems."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as IPv6 ones (RFC 6052, 2.1)."""
_METADATA = tuple(map(ipaddress.ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128")))
"""Link-local addresses (RFC 3927, RFC 4291), where clouds serve a machine's credentials; the last is the
IPv6 one of AWS (EC2 user guide, "Instance metadata")."""


@dataclass(frozen=True, slots=True)
class Access:
    """What reading may reach. `source`: the address that the person typed, which `options` are for;
    `host_options`: options by `scheme://host`; `allow`: as the setting; `listed`: whether addresses come
    from a list that was itself fetched from elsewhere."""

    source: str = field(default="", repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    host_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    allow: tuple[str, ...] = ()
    listed: bool = False

    def options_for(self, address: str) -> dict[str, Any]:
        """The file system's options for an address: those of its host, and of no other."""
        place = origin(address)
        for name, options in self.host_options.items():
            if origin(name) == place:
                return dict(options)
        if self.source and place == origin(self.source):
            return dict(self.options)
        # A list or table on this machine has no host of its own.
        mine = not self.source or parse_uri(self.source).is_local
        return dict(self.options) if mine and place[0] in _SIGNING else {}

    def check(self, address: str) -> None:
        """Raise PageError `read.denied` for an address that a list from elsewhere may not name."""
        if not self.listed:
            return
        uri = parse_uri(address)
        if uri.is_local:
            if "local" not in self.allow and not self._below_root(absolute(uri.path)):
                raise _denied("a file of this machine", "local, or the folder")
            return
        place = origin(address)
        if place[0] not in _REMOTE and place != origin(self.source):
            raise _denied(f"a {uri.scheme}:// address", f"{place[0]}://{place[1]}")

    def check_host(self, address: str, resolved: str, redirected: bool = False) -> None:
        """Raise PageError `read.denied` unless the host of a URL, which is `resolved` as a number, may be
        reached. Where a list or a redirect names it, only public addresses may."""
        place = origin(address)
        name = place[1].rpartition(":")[0]
        number = _plain(resolved)
        if name in self.allow or place[1] in self.allow or any(_is_in(number, one) for one in self.allow):
            return
        typed = origin(self.source) if self.source else ("", "")
        if place == typed or (redirected and name == typed[1].rpartition(":")[0] != ""):
            return
        if not any(number in network for network in _METADATA if network.version == number.version):
            if not (self.listed or redirected) or (number.is_global and not number.is_multicast):
                return
            if "private" in self.allow and (number.is_private or number.is_loopback):
                return
        raise _denied("a host that is not public", "private, or the host")

    def _below_root(self, path: str) -> bool:
        roots = [one.rstrip("/") for one in self.allow if one.startswith("/")]
        return ".." not in path.split("/") and any(path.startswith(f"{root}/") for root in roots)


def origin(address: str) -> tuple[str, str]:
    """Scheme and host of an address: `host:port` in small letters for http(s), else the bucket or what
    stands for it; no host for a local path."""
    uri = parse_uri(address)
    scheme = _ALIASES.get(uri.scheme, uri.scheme)
    if uri.is_local:
        return scheme, ""
    if scheme in _PORTS:
        parts = urlsplit(uri.text)
        return scheme, f"{(parts.hostname or '').rstrip('.')}:{parts.port or _PORTS[scheme]}"
    return scheme, uri.text.partition("://")[2].partition("/")[0]


def _plain(text: str) -> Address:
    """An address as the one that is reached: IPv4 written as IPv6 is IPv4."""
    number = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address):
        if number in _NAT64:
            return ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
        return number.ipv4_mapped or number.sixtofour or number
    return number


def _is_in(number: Address, entry: str) -> bool:
    try:
        return number in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _denied(what: str, entry: str) -> PageError:
    return PageError("read.denied", f"{what} is named by a list or server; source.allow may hold {entry}")
