"""An API whose clock is set by the test, whose mail goes to a real SMTP server, and whose callers have addresses."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import httpx
import pyotp
from aiosmtpd.smtp import SMTP, Envelope, Session

from adapters.counters import MemoryCounters
from adapters.database import Database
from adapters.mail import SmtpSettings
from api.logins import DoorSettings, open_door
from api.services import Services
from api.wiring import ProcessSettings
from domain import ids
from tests.api.world import served

PASSWORD = "three tall green giraffes"


@dataclass
class Clock:
    """Stands still until a test moves it."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class Postbox:
    """What an SMTP server was given."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self._arrived = asyncio.Event()

    @asynccontextmanager
    async def open(self, *, host: str = "127.0.0.1") -> AsyncIterator[int]:
        """The port of a server that puts what it is given here."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, hostname="mail.example.com", loop=loop), host, 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self._arrived.set()
        return "250 taken"

    async def letter(self, to: str, subject: str) -> EmailMessage:
        """The one letter to an address with this subject, taken out of the box."""
        async with asyncio.timeout(10):
            while True:
                self._arrived.clear()
                for letter in self.letters:
                    if letter["To"] == to and letter["Subject"] == subject:
                        self.letters.remove(letter)
                        return letter
                await self._arrived.wait()

    async def code(self, to: str, subject: str) -> str:
        text = (await self.letter(to, subject)).get_content()
        found = re.search(r"The code is (\S+)", text)
        assert found, text
        return found[1]


@dataclass
class Somebody:
    email: str
    name: str
    password: str = PASSWORD
    secret: str = ""
    codes: list[str] = field(default_factory=list)


@dataclass
class Door:
    url: str
    services: Services
    clock: Clock
    post: Postbox

    @asynccontextmanager
    async def client(self, token: str | None = None, *, ip: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
        """Somebody who calls from `ip`, which is one of this machine's own."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.AsyncHTTPTransport(local_address=ip)
        async with httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=30, trust_env=False, transport=transport
        ) as client:
            yield client

    async def post_json(self, path: str, body: object, *, token: str | None = None, **more: str) -> httpx.Response:
        async with self.client(token, **more) as client:
            return await client.post(path, json=body)

    async def get(self, path: str, token: str) -> httpx.Response:
        async with self.client(token) as client:
            return await client.get(path)

    async def somebody(self) -> Somebody:
        """Registered, and their address verified."""
        tag = ids.new("x")[-10:]
        one = Somebody(f"ada.{tag}@example.com", f"ada {tag}")
        asked = await self.post_json(
            "/api/v1/auth/register", {"email": one.email, "name": one.name, "password": one.password}, ip=fresh_ip()
        )
        assert asked.status_code == 202, asked.text
        code = await self.post.code(one.email, "Confirm your address")
        verified = await self.post_json("/api/v1/auth/verify", {"token": code})
        assert verified.status_code == 204, verified.text
        return one

    async def log_in(
        self, one: Somebody, password: str | None = None, *, ip: str = "127.0.0.1", device: str | None = None
    ) -> httpx.Response:
        body = {"email": one.email, "password": password or one.password}
        async with self.client(ip=ip) as client:
            headers = {"CCB-Device": device} if device else {}
            return await client.post("/api/v1/auth/login", json=body, headers=headers)

    async def tokens(self, one: Somebody) -> dict[str, str]:
        answer = await self.log_in(one)
        assert answer.status_code == 200, answer.text
        return answer.json()["tokens"]

    async def protect(self, one: Somebody) -> None:
        """With a second factor from now on."""
        token = (await self.tokens(one))["access_token"]
        begun = await self.post_json("/api/v1/auth/totp", {"password": one.password}, token=token)
        assert begun.status_code == 201, begun.text
        one.secret = begun.json()["secret"]
        confirmed = await self.post_json("/api/v1/auth/totp/confirm", {"code": self.code_of(one)}, token=token)
        assert confirmed.status_code == 200, confirmed.text
        one.codes = confirmed.json()["codes"]

    def code_of(self, one: Somebody) -> str:
        return pyotp.TOTP(one.secret).at(self.clock.now)


_ADDRESSES = iter(f"127.{b}.{c}.{d}" for b in range(1, 250) for c in range(1, 250) for d in range(1, 250))


def fresh_ip() -> str:
    """An address from which nobody has called: all of 127.0.0.0/8 is this machine."""
    return next(_ADDRESSES)


@asynccontextmanager
async def _opened(
    settings: ProcessSettings, services: Services, given: DoorSettings, clock: Clock
) -> AsyncIterator[tuple[str, Services]]:
    """An API over `services`, with accounts and a pool of connections of its own: the database is the same."""
    database = await Database.open(settings.database)
    door = open_door(
        database,
        services.people,
        MemoryCounters(),
        given,
        secrets=settings.secrets,
        data_dir=settings.api.data_dir,
        api_url="https://ccb.example.com",
        clock=clock,
    )
    theirs = dataclasses.replace(services, door=door, sessions=door.sessions)
    async with served(theirs) as url:
        yield url, theirs
    await door.close()
    await database.close()


@asynccontextmanager
async def open_the_door(settings: ProcessSettings, services: Services) -> AsyncIterator[Door]:
    clock, post = Clock(), Postbox()
    async with post.open() as port:
        smtp = SmtpSettings(host="127.0.0.1", port=port, security="none", sender="ccb@example.com")
        given = dataclasses.replace(settings.door, smtp=smtp)
        async with _opened(settings, services, given, clock) as (url, theirs):
            yield Door(url, theirs, clock, post)


@asynccontextmanager
async def replica(door: Door, settings: ProcessSettings, **changes: object) -> AsyncIterator[str]:
    """The URL of another API on the same database and clock, with these changes in its settings."""
    given = dataclasses.replace(settings.door, **changes)
    async with _opened(settings, door.services, given, door.clock) as (url, _):
        yield url
