"""What is good once, and requests of devices: one row each, taken by whoever deletes or changes it first."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import ColumnElement, RowMapping, delete, select, update

from adapters.database.accounts import utc_now
from adapters.database.engine import Database
from adapters.database.federation_tables import device_grants, one_time
from domain.federation import DeviceGrant, GrantState, Kind, Payload

SLOWER = 5
"""Seconds that are added to the interval of who asks too often (RFC 8628 §3.5)."""
KEPT = timedelta(days=1)
"""For so long a request that is over is told from one that never was."""

_GRANT = frozenset(DeviceGrant.model_fields)


class SqlOneTime:
    """The `OneTime` port. What is over is deleted when something new is kept."""

    def __init__(self, db: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._now = now

    async def keep(self, kind: Kind, secret: SecretStr, payload: Payload, *, lasts: timedelta) -> None:
        now = self._now()
        row = {"sha256": _digest(kind, secret), "kind": kind, "payload": payload, "expires_at": now + lasts}
        async with self._db.write() as connection:
            await connection.execute(delete(one_time).where(one_time.c.expires_at < now))
            await connection.execute(self._db.insert(one_time).values(row))

    async def take(self, kind: Kind, secret: SecretStr) -> Payload | None:
        query = delete(one_time).where(one_time.c.sha256 == _digest(kind, secret), one_time.c.kind == kind)
        async with self._db.write() as connection:
            row = (await connection.execute(query.returning(one_time))).mappings().one_or_none()
        return row["payload"] if row is not None and row["expires_at"] > self._now() else None


class SqlDeviceGrants:
    """The `DeviceGrants` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ask(self, device_code: SecretStr, grant: DeviceGrant) -> bool:
        row = grant.model_dump() | {"sha256": _digest("device", device_code)}
        over = device_grants.c.expires_at < grant.created_at - KEPT
        async with self._db.write() as connection:
            await connection.execute(delete(device_grants).where(over))
            statement = self._db.insert(device_grants).values(row).on_conflict_do_nothing()
            return (await connection.execute(statement)).rowcount == 1

    async def waiting(self, user_code: str, now: datetime) -> DeviceGrant | None:
        async with self._db.read() as connection:
            row = (
                (await connection.execute(select(device_grants).where(_open(user_code, now)))).mappings().one_or_none()
            )
        return _grant(row) if row is not None else None

    async def decide(self, user_code: str, *, person_id: str, allow: bool, now: datetime) -> bool:
        state = GrantState.APPROVED if allow else GrantState.DENIED
        change = update(device_grants).where(_open(user_code, now)).values(state=state, person_id=person_id)
        async with self._db.write() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def poll(self, device_code: SecretStr, now: datetime) -> tuple[DeviceGrant, bool] | None:
        this = device_grants.c.sha256 == _digest("device", device_code)
        async with self._db.write() as connection:
            row = (
                (await connection.execute(select(device_grants).where(this).with_for_update())).mappings().one_or_none()
            )
            if row is None:
                return None
            last: datetime | None = row["polled_at"]
            hasty = last is not None and (now - last).total_seconds() < row["interval"] - 0.5
            grant = _grant(row)
            if hasty:
                interval = row["interval"] + SLOWER
                await connection.execute(update(device_grants).where(this).values(polled_at=now, interval=interval))
            elif grant.state is GrantState.PENDING or grant.expires_at <= now:
                await connection.execute(update(device_grants).where(this).values(polled_at=now))
            else:
                await connection.execute(delete(device_grants).where(this))
        return grant, hasty


def _open(user_code: str, now: datetime) -> ColumnElement[bool]:
    return (
        (device_grants.c.user_code == user_code)
        & (device_grants.c.state == GrantState.PENDING)
        & (device_grants.c.expires_at > now)
    )


def _grant(row: RowMapping) -> DeviceGrant:
    return DeviceGrant.model_validate({name: value for name, value in row.items() if name in _GRANT})


def _digest(kind: str, secret: SecretStr) -> str:
    return hashlib.sha256(f"{kind}:{secret.get_secret_value()}".encode()).hexdigest()
