"""Fetching from addresses that somebody outside chose."""

import asyncio
import gzip
import zlib

import pytest

from adapters.openapi import OpenApiDocuments, OpenApiSettings
from adapters.openapi.fetching import is_public
from domain.errors import DocumentTooLarge, Unreachable
from tests.contract.openapi.conftest import Web, free_port

BODY = b"openapi: 3.0.0\n" * 500


async def test_the_body_comes_whatever_its_content_type(documents: OpenApiDocuments, web: Web) -> None:
    assert await documents.fetch(web.serve("/a", BODY, content_type="image/png")) == BODY
    assert await documents.fetch(web.serve("/b", gzip.compress(BODY), content_encoding="gzip")) == BODY
    assert await documents.fetch(web.serve("/c", zlib.compress(BODY), content_encoding="deflate")) == BODY


async def test_five_redirects_are_followed_and_no_more(documents: OpenApiDocuments, web: Web) -> None:
    web.serve("/0", BODY)
    for n in range(1, 7):
        web.serve(f"/{n}", b"", status="302 Found", location=f"/{n - 1}")
    assert await documents.fetch(web.url("/5")) == BODY
    with pytest.raises(Unreachable, match="redirects more than 5 times"):
        await documents.fetch(web.url("/6"))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com/a", "data:,x", "/etc/passwd", "", "http://", "https://[bad"]
)
async def test_only_http_is_read(documents: OpenApiDocuments, url: str) -> None:
    with pytest.raises(Unreachable):
        await documents.fetch(url)


async def test_a_redirect_cannot_leave_http(documents: OpenApiDocuments, web: Web) -> None:
    url = web.serve("/a", b"", status="302 Found", location="file:///etc/passwd")
    with pytest.raises(Unreachable, match="only http and https"):
        await documents.fetch(url)


@pytest.mark.parametrize(
    ("status", "headers", "body", "sentence"),
    [
        ("404 Not Found", {}, b"no", "it answered HTTP 404"),
        ("500 Oops", {}, b"no", "it answered HTTP 500"),
        ("200 OK", {"content_encoding": "gzip"}, b"not gzip", "compressed answer is damaged"),
        ("200 OK", {"content_encoding": "gzip"}, gzip.compress(BODY)[:-9], "compressed answer is damaged"),
        ("200 OK", {"content_encoding": "br"}, b"x", "an encoding that was not asked for"),
    ],
)
async def test_bad_answers(
    documents: OpenApiDocuments, web: Web, status: str, headers: dict[str, str], body: bytes, sentence: str
) -> None:
    with pytest.raises(Unreachable, match=sentence) as refusal:
        await documents.fetch(web.serve("/a", body, status=status, **headers) + "?token=secret")
    assert "secret" not in refusal.value.message


async def test_nobody_there(documents: OpenApiDocuments) -> None:
    with pytest.raises(Unreachable, match="the connection failed"):
        await documents.fetch(f"http://user:secret@127.0.0.1:{free_port()}/spec")
    with pytest.raises(Unreachable) as refusal:
        await documents.fetch("http://user:secret@no-such-host.invalid/spec")
    assert "secret" not in refusal.value.message


async def test_reading_stops_at_the_bound(web: Web) -> None:
    documents = OpenApiDocuments(OpenApiSettings(allow_private=True, max_bytes=1_000_000))
    sent = 0

    async def endless(_: str, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while sent < 500_000_000:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    web.answers["/endless"] = endless
    with pytest.raises(DocumentTooLarge, match=r"is larger than 1 MB; at most 1 MB are read"):
        await documents.fetch(web.url("/endless"))
    assert sent < 50_000_000
    bomb = web.serve("/bomb", gzip.compress(b"x" * 100_000_000), content_encoding="gzip")
    with pytest.raises(DocumentTooLarge):
        await documents.fetch(bomb)


async def test_a_server_that_drips_is_given_up(web: Web) -> None:
    documents = OpenApiDocuments(OpenApiSettings(allow_private=True, total_timeout=0.3))
    ended = asyncio.Event()

    async def drip(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not ended.is_set():
            writer.write(b"x")
            await writer.drain()
            await asyncio.wait([asyncio.create_task(ended.wait())], timeout=0.05)

    web.answers["/drip"] = drip
    with pytest.raises(Unreachable, match=r"did not answer within 0\.3 s"):
        await documents.fetch(web.url("/drip"))
    ended.set()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]
)
async def test_private_addresses_are_not_read(web: Web, host: str) -> None:
    web.serve("/a", BODY)
    documents = OpenApiDocuments(OpenApiSettings(allow_private=False))
    with pytest.raises(Unreachable, match="leads to a private address; set CCB_DOCUMENTS_ALLOW_PRIVATE=true"):
        await documents.fetch(f"http://{host}:{web.port}/a")
    assert web.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True), ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("10.0.0.1", False), ("192.168.1.1", False), ("172.16.0.1", False), ("169.254.169.254", False),
        ("100.64.0.1", False), ("224.0.0.1", False), ("fe80::1%eth0", False), ("fd00::1", False),
        ("::ffff:10.0.0.1", False), ("64:ff9b::a00:1", False), ("64:ff9b::5db8:d70e", True), ("2002:a00:1::", False),
    ],
)  # fmt: skip
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public
