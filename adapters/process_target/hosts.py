"""Which hosts an integration may reach: exactly those a person approved in its manifest."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

DEFAULT_PORTS = (80, 443)
RESOLVE_SECONDS = 10.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """The proxy does not do what it was asked; `status` is the answer's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Hosts:
    """The manifest's hosts: `host:port`, or `host` for ports 80 and 443."""

    def __init__(self, declared: Iterable[str]) -> None:
        self._admitted: set[tuple[str, int]] = set()
        for entry in declared:
            host, _, port = entry.partition(":")
            self._admitted.update((_plain(host), number) for number in ([int(port)] if port else DEFAULT_PORTS))

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where to connect for `host:port`. Raises Refused.

        An address that was declared as such was approved as such; so was `localhost`, which is never asked of a name
        server (RFC 6761 §6.3). Any other name must resolve to public addresses alone, else whoever answers for the
        name could lead the integration into the private network. The caller connects to what was checked here and
        does not resolve again.
        """
        name = _plain(host)
        if (name, port) not in self._admitted:
            raise Refused(403, f"refused connection to {host}:{port}, not among the manifest's hosts")
        if name == "localhost":
            return ["127.0.0.1", "::1"]
        if _literal(name):
            return [name]
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Refused(502, f"no address for {host}: {error.strerror or error}") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if private := [address for address in addresses if not is_public(address)]:
            raise Refused(
                403, f"refused connection to {host}:{port}, which resolves to the private address {private[0]}"
            )
        return addresses


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet, also when it carries another address within it."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if not all(is_public(str(carried)) for carried in inner if carried):
            return False
    return address.is_global and not address.is_multicast


def _plain(host: str) -> str:
    return host.lower().removesuffix(".")


def _literal(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
