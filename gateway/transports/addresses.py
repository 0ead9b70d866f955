"""Clients by their addresses."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable

ADDRESSES_KEPT = 4096

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Networks:
    """Addresses and networks, as the settings have them: whether a host is of them."""

    def __init__(self, written: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(each) for each in with_mapped(written)]
        self._known: dict[str, bool] = {}

    def __contains__(self, host: str) -> bool:
        if (known := self._known.get(host)) is None:
            if len(self._known) >= ADDRESSES_KEPT:
                self._known.clear()
            known = self._known[host] = self._has(host)
        return known

    def _has(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def with_mapped(written: Iterable[str]) -> list[str]:
    """The same networks, with those of IPv4 also as a socket of IPv6 has them: ``::ffff:…``."""
    networks: list[Network] = [ipaddress.ip_network(each) for each in written]
    mapped = [
        f"::ffff:{each.network_address}/{96 + each.prefixlen}"
        for each in networks
        if each.version == 4
    ]
    return [*map(str, networks), *mapped]


def address_of(client: tuple[str, int] | None) -> str | None:
    """What stands for a request's client, where it is known whom it came from."""
    return None if client is None else bounded_as(client[0])


@functools.lru_cache(ADDRESSES_KEPT)
def bounded_as(host: str) -> str:
    """What stands for a client whose address this is: of IPv6 its /64, of which one client has
    all addresses."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:100]
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
