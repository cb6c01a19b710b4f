"""Which hosts an integration may reach: those that a person approved in its manifest, at public addresses.

An address that is not public (private, loopback, link-local, a cloud's metadata) is the operator's to permit, whoever
approved the manifest, and whatever a name server says.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass

DEFAULT_PORTS = (80, 443)
RESOLVE_SECONDS = 10.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Refused(Exception):
    """The proxy does not do what it was asked; `status` is the answer's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True)
class PrivateHosts:
    """What an operator permits beside the public internet: hosts with a port, and networks on any port.

    A host is permitted as it is written, name or address: another name that leads to the same address is not.
    """

    places: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "PrivateHosts":
        """From `host:port` (IPv6 in brackets) and CIDR, with commas between. Raises ValueError."""
        places: set[tuple[str, int]] = set()
        networks: list[Network] = []
        for entry in filter(None, map(str.strip, text.split(","))):
            host, colon, port = entry.rpartition(":")
            if "/" in entry:
                networks.append(ipaddress.ip_network(entry))
            elif colon and port.isascii() and port.isdigit() and 0 < int(port) < 65536 and _plain(host):
                places.add((_plain(host), int(port)))
            else:
                raise ValueError(f"{entry!r} is neither host:port nor a network such as 10.0.0.0/8")
        return cls(frozenset(places), tuple(networks))

    def permits(self, name: str, address: str, port: int) -> bool:
        """Whether `address`, which `name` leads to, may be connected to on `port`."""
        plain = _unmapped(address)
        return (name, port) in self.places or any(plain in network for network in self.networks)


class Hosts:
    """The manifest's hosts: `host:port`, or `host` for ports 80 and 443."""

    def __init__(self, declared: Iterable[str], private: PrivateHosts) -> None:
        self._private = private
        self._admitted: set[tuple[str, int]] = set()
        for entry in declared:
            host, _, port = entry.partition(":")
            self._admitted.update((_plain(host), number) for number in ([int(port)] if port else DEFAULT_PORTS))

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where to connect for `host:port`. Raises Refused.

        All that a name resolves to must be public or permitted, else whoever answers for it could lead the integration
        into the private network. The caller connects to what was checked here and does not resolve again.
        """
        name = _plain(host)
        if (name, port) not in self._admitted:
            raise Refused(403, f"refused connection to {host}:{port}, not among the manifest's hosts")
        addresses = await _resolved(name, port)
        for address in addresses:
            if not is_public(address) and not self._private.permits(name, address, port):
                raise Refused(
                    403,
                    f"refused connection to {host}:{port}, which is the private address {address};"
                    " only the operator may permit it (CCB_RUNNER_PRIVATE_HOSTS)",
                )
        return addresses


async def _resolved(name: str, port: int) -> list[str]:
    """The addresses of a name; `localhost` is never asked of a name server (RFC 6761 §6.3)."""
    if name == "localhost" or name.endswith(".localhost"):
        return ["127.0.0.1", "::1"]
    if _literal(name):
        return [name]
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(502, f"no address for {name}: {getattr(error, 'strerror', None) or error}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet, also when it carries another address within it."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
        inner = [address.sixtofour, *(address.teredo or ())]
        # All that is assigned (RFC 4291 §2.4); the rest is local, mapped, reserved or not to be routed.
        if address not in _GLOBAL_UNICAST or not all(is_public(str(carried)) for carried in inner if carried):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _unmapped(text: str) -> Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address


def _plain(host: str) -> str:
    return host.lower().removesuffix(".").removeprefix("[").removesuffix("]")


def _literal(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
