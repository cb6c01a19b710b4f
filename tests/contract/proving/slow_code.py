"""Code for the rules of performance. A line that has to be found ends with `# !rule`; no other line may be."""

CASES = {
    "sleeping": """
import time

async def wait() -> None:
    time.sleep(1)  # !ASYNC251

def pause() -> None:
    time.sleep(1)

async def wait_by_another() -> None:
    pause()  # !blocking-call
""",
    "requests_in_async": """
import urllib.request

import httpx

async def fetch(url: str) -> str:
    answer = httpx.get(url, timeout=5)  # !ASYNC210
    return answer.text[:100]

async def fetch_otherwise(url: str) -> None:
    urllib.request.urlopen(url, timeout=5)  # !ASYNC210
""",
    "files_and_processes_in_async": """
import sqlite3
import subprocess
from pathlib import Path

async def load(path: str) -> str:
    with open(path) as file:  # !ASYNC230
        return file.read(100)

async def store() -> None:
    sqlite3.connect("x.db")  # !blocking-call
    subprocess.run(["true"])  # !ASYNC221

class Cache:
    def text(self) -> str:
        return Path("x").read_text()  # !unbounded-read

    async def give(self) -> str:
        return self.text()  # !blocking-call
""",
    "threads_do_not_block": """
import asyncio
import time

def pause() -> None:
    time.sleep(1)

async def wait() -> None:
    await asyncio.to_thread(pause)
    await asyncio.sleep(1)
""",
    "no_timeouts": """
import asyncio
import urllib.request

import httpx
from httpx import AsyncClient as Http

client = httpx.AsyncClient(base_url="https://a.example")  # !no-timeout
endless = Http(timeout=None)  # !no-timeout
never = httpx.Client(timeout=httpx.Timeout(None))  # !no-timeout
half = httpx.Client(timeout=httpx.Timeout(5, read=None))  # !no-timeout

def fetch(url: str) -> None:
    httpx.get(url)  # !no-timeout
    urllib.request.urlopen(url)  # !no-timeout

async def connect() -> None:
    await asyncio.open_connection("a.example", 80)  # !no-timeout
    await client.post("/x", timeout=None)  # !no-timeout
""",
    "timeouts": """
import asyncio
import urllib.request

import httpx

client = httpx.AsyncClient(timeout=10)
other = httpx.AsyncClient(timeout=httpx.Timeout(5, connect=1))

def fetch(url: str, **options: float) -> None:
    httpx.get(url, timeout=2.0)
    httpx.get(url, **options)
    urllib.request.urlopen(url, None, 3)

async def connect() -> None:
    async with asyncio.timeout(3):
        await asyncio.open_connection("a.example", 80)
    await asyncio.wait_for(asyncio.open_connection("a.example", 80), 3)
""",
    "unbounded_reads": """
import httpx
from starlette.requests import Request

client = httpx.AsyncClient(timeout=10)

async def whole() -> bytes:
    async with client.stream("GET", "/x") as response:
        return await response.aread()  # !unbounded-read

async def pieces() -> bytes:
    data = b""
    async with client.stream("GET", "/x") as response:
        async for chunk in response.aiter_bytes():  # !unbounded-read
            data += chunk
    return data

async def body(request: Request) -> bytes:
    data = await request.body()  # !unbounded-read
    async for chunk in request.stream():  # !unbounded-read
        data += chunk
    return data

async def joined() -> bytes:
    async with client.stream("GET", "/x") as response:
        return b"".join([chunk async for chunk in response.aiter_bytes()])  # !unbounded-read

def file(path: str) -> str:
    with open(path) as opened:
        return opened.read()  # !unbounded-read

async def plain() -> bytes:
    response = await client.get("/x")  # !whole-answer
    return response.content
""",
    "bounded_reads": """
import httpx

client = httpx.AsyncClient(timeout=10)
MOST = 1 << 20

async def pieces() -> bytes:
    data = bytearray()
    async with client.stream("GET", "/x") as response:
        async for chunk in response.aiter_bytes():
            data += chunk
            if len(data) > MOST:
                raise ValueError
    return bytes(data)

def file(path: str) -> str:
    with open(path) as opened:
        return opened.read(MOST)
""",
    "endless_retries": """
import itertools

import httpx

client = httpx.AsyncClient(timeout=10)

async def again() -> int:
    while True:  # !endless-retry
        try:
            return (await client.get("/x")).status_code
        except httpx.HTTPError:
            continue

async def until_it_works() -> httpx.Response:
    response = await client.get("/x")  # !whole-answer
    while response.status_code == 503:  # !endless-retry
        response = await client.get("/x")  # !whole-answer
    return response

async def counted_in_vain() -> None:
    for _ in itertools.count():  # !endless-retry
        try:
            await client.get("/x")
        except httpx.HTTPError:
            print("again")

async def calling_itself() -> None:
    try:
        await client.get("/x")
    except httpx.HTTPError:  # !endless-retry
        await calling_itself()
""",
    "bounded_retries": """
import asyncio
import time

import httpx

client = httpx.AsyncClient(timeout=10)

async def three_times() -> int:
    for _ in range(3):
        try:
            return (await client.get("/x")).status_code
        except httpx.HTTPError:
            continue
    raise TimeoutError

async def counted() -> int:
    attempts = 0
    while True:
        try:
            return (await client.get("/x")).status_code
        except httpx.HTTPError:
            attempts += 1
            if attempts >= 3:
                raise

async def until(deadline: float) -> int:
    while time.monotonic() < deadline:
        try:
            return (await client.get("/x")).status_code
        except httpx.HTTPError:
            await asyncio.sleep(1)
    raise TimeoutError

async def timed() -> int:
    async with asyncio.timeout(5):
        while True:
            try:
                return (await client.get("/x")).status_code
            except httpx.HTTPError:
                await asyncio.sleep(1)
""",
    "pages": """
import httpx

client = httpx.AsyncClient(timeout=10)

async def all_of_them() -> list[str]:
    found: list[str] = []
    cursor = ""
    while cursor is not None:  # !endless-pages
        response = await client.get("/x", params={"cursor": cursor})  # !whole-answer
        found.extend(response.json()["items"])
        cursor = response.json().get("next")
    return found

async def the_first_ten() -> list[str]:
    found: list[str] = []
    for page in range(10):
        response = await client.get("/x", params={"page": page})  # !whole-answer
        found += response.json()["items"]
    return found

async def list_things() -> dict[str, str]:  # !missing-pagination
    return (await client.get("/accounts")).json()

async def names() -> list[str]:  # !missing-pagination
    return (await client.get("/accounts/1")).json()

async def list_some(limit: int) -> list[str]:
    return (await client.get("/x", params={"limit": limit})).json()

async def list_cut() -> list[str]:
    return (await client.get("/x")).json()[:100]

async def list_by_size(*, pageSize: int) -> list[str]:
    return (await client.get("/x", params={"pageSize": pageSize})).json()

async def create_many() -> list[str]:
    return (await client.post("/x", json=[1])).json()
""",
}
