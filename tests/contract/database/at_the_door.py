"""Accounts and sessions as tests need them."""

from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from adapters.database import SqlSessions
from domain import ids
from domain.accounts import Account, Mailed, Purpose
from domain.ids import DEFAULT_ORGANIZATION
from domain.sessions import ClientInfo, Method, Session

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
GRACE = timedelta(seconds=10)
HERE = ClientInfo(ip="192.0.2.1", user_agent="a browser")
THERE = ClientInfo(ip="192.0.2.2", user_agent="another")


def session(person_id: str, *, at: datetime = NOW, lasts: timedelta = 30 * DAY) -> Session:
    return Session(
        id=ids.new("ses"),
        person_id=person_id,
        method=Method.PASSWORD,
        ip=HERE.ip,
        user_agent=HERE.user_agent,
        created_at=at,
        last_seen_at=at,
        expires_at=at + lasts,
    )


def account(person_id: str, email: str = "Ada@Example.com", password: str | None = "$argon2id$1") -> Account:
    return Account(person_id=person_id, email=email, password=SecretStr(password) if password else None, created_at=NOW)


def mailed(purpose: Purpose, person_id: str, *, email: str = "ada@example.com") -> Mailed:
    return Mailed(
        purpose=purpose,
        email=email,
        person_id=person_id,
        organization_id=DEFAULT_ORGANIZATION,
        password=SecretStr("$argon2id$pending"),
        expires_at=NOW + purpose.lasts,
    )


def rotated(store: SqlSessions, token: str, fresh: str, *, at: datetime = NOW, client: ClientInfo = THERE):
    return store.rotate(token, fresh, client, now=at, unused_until=at + DAY, grace=GRACE)
