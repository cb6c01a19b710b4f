"""Who is at the other end: the address that a request comes from, behind proxies that are trusted or not."""

import ipaddress
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import Scope

from api.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_UNKNOWN = "unknown"
_LONGEST_CHAIN = 20
_NEIGHBOURS = 64
"""Bits of an IPv6 address that one subscriber shares: providers hand out networks, not addresses (RFC 6177)."""


def seen_through(scope: Scope, trusted: Sequence[Network]) -> Scope:
    """The scope with the client, and the scheme, that trusted proxies name; the peer's own where none is trusted.

    X-Forwarded-For is read from right to left: each proxy appends whom it heard, so that what a client wrote itself
    stands to the left of the first address that is not a trusted proxy's.
    """
    peer = _parsed(host_of(scope))
    if peer is None or not _among(peer, trusted):
        return scope
    headers = Headers(scope=scope)
    client = peer
    chain = ",".join(headers.getlist("x-forwarded-for")).split(",")
    for entry in reversed(chain[-_LONGEST_CHAIN:]):
        named = _parsed(entry.strip())
        if named is None:
            break
        client = named
        if not _among(named, trusted):
            break
    scheme = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
    seen = {**scope, "client": (str(client), 0)}
    return seen | {"scheme": scheme} if scheme in {"http", "https"} else seen


def host_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else _UNKNOWN


def neighbourhood(host: str) -> str:
    """What counts as one address: of IPv6, the network that a subscriber is given."""
    address = _parsed(host)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _NEIGHBOURS), strict=False))
    return host if address is None else str(address)


def is_local(scope: Scope) -> bool:
    """Whether a process of this very machine asks, and not for somebody else."""
    address = _parsed(host_of(scope))
    passed_on = {"forwarded", "x-forwarded-for", "via"} & set(Headers(scope=scope).keys())
    return address is not None and address.is_loopback and not passed_on


def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _among(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
