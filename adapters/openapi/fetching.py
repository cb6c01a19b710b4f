"""Fetching a document by HTTP from an address that somebody outside chose."""

import asyncio
import ipaddress
import socket
import zlib
from urllib.parse import urlsplit

import httpx

from adapters.openapi.bounds import too_large
from adapters.openapi.settings import OpenApiSettings
from domain.errors import Unreachable

_REDIRECTS = 5
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits


class _PrivateAddress(httpx.ConnectError):
    pass


class _PublicOnly(httpx.AsyncBaseTransport):
    """Resolves a host once, refuses it if any of its addresses is not public, and connects to what it checked.

    Checking before and resolving again while connecting would let a name server answer differently the second time.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        port = request.url.port or {"http": 80, "https": 443}[request.url.scheme]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"no address for {host}", request=request) from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(is_public(address) for address in addresses):
            raise _PrivateAddress(host, request=request)
        checked = httpx.Request(
            request.method,
            request.url.copy_with(host=addresses[0]),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._inner.handle_async_request(checked)

    async def aclose(self) -> None:
        await self._inner.aclose()


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


async def fetch(url: str, settings: OpenApiSettings) -> bytes:
    """The body of a 2xx answer. Raises Unreachable, DocumentTooLarge; reading stops at the bound."""
    where = _shown(url)
    transport: httpx.AsyncBaseTransport = httpx.AsyncHTTPTransport(retries=0)
    if not settings.allow_private:
        transport = _PublicOnly(transport)
    timeout = httpx.Timeout(settings.total_timeout, connect=settings.connect_timeout)
    headers = {"accept": "application/json, application/yaml, */*", "accept-encoding": "gzip", "user-agent": "ccb"}
    try:
        async with (
            asyncio.timeout(settings.total_timeout),
            httpx.AsyncClient(
                transport=transport, timeout=timeout, follow_redirects=True, max_redirects=_REDIRECTS, headers=headers
            ) as client,
            client.stream("GET", url) as response,
        ):
            if not response.is_success:
                raise _unreachable(where, f"it answered HTTP {response.status_code}")
            return await _body(response, settings.max_bytes)
    except _PrivateAddress as error:
        reason = "it leads to a private address; set CCB_DOCUMENTS_ALLOW_PRIVATE=true if that is meant"
        raise _unreachable(where, reason) from error
    except httpx.TooManyRedirects as error:
        raise _unreachable(where, f"it redirects more than {_REDIRECTS} times") from error
    except (TimeoutError, httpx.TimeoutException) as error:
        raise _unreachable(where, f"it did not answer within {settings.total_timeout:g} s") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise _unreachable(where, "only http and https addresses can be read") from error
    except zlib.error as error:
        raise _unreachable(where, "its compressed answer is damaged") from error
    except httpx.HTTPError as error:
        raise _unreachable(where, f"the connection failed ({type(error).__name__})") from error


async def _body(response: httpx.Response, limit: int) -> bytes:
    """Decompressed piece by piece, so that a small answer cannot become a large one."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
        raise _unreachable(
            _shown(str(response.url)), f"it answers in an encoding that was not asked for ({encoding[:40]})"
        )
    inflater = None if encoding in {"identity", ""} else zlib.decompressobj(wbits=47)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += inflater.decompress(chunk, limit + 1 - len(body)) if inflater else chunk
        if len(body) > limit:
            raise too_large(None, limit)
    if inflater and not inflater.eof:
        raise zlib.error("incomplete")
    return bytes(body)


def _unreachable(where: str, reason: str) -> Unreachable:
    return Unreachable(f"The API document at {where} could not be read: {reason}.", field="document", url=where)


def _shown(url: str) -> str:
    """The URL without user, password and query, which may hold secrets."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rsplit("@", 1)[-1]
    except ValueError:
        return "the given address"
    return f"{parts.scheme}://{host}{parts.path}"[:300]
