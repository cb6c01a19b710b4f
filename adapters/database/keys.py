"""API keys. One is stored as its SHA-256: it has 256 random bits, so nothing slower is needed."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import ColumnElement, RowMapping, and_, exists, or_, select, update

from adapters.database.engine import Database
from adapters.database.people_tables import api_keys, people
from domain import ids
from domain.access import ApiKey
from domain.errors import Conflict, NotFound

_FIELDS = frozenset(ApiKey.model_fields)
_SHOWN = 12
"""Characters of a key that are shown: of 256 random bits 48 are in them."""
USE_NOTED_EVERY = timedelta(minutes=1)


class SqlKeys:
    """The `Keys` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def issue(
        self,
        person_id: str,
        *,
        label: str,
        scopes: Sequence[str] | None = None,
        expires_at: datetime | None = None,
        organization_id: str | None = None,
        key_id: str | None = None,
    ) -> tuple[ApiKey, SecretStr]:
        key = SecretStr("ccb_" + secrets.token_urlsafe(32))
        values: dict[str, object] = _described(key, key_id) | {
            "person_id": person_id,
            "label": label,
            "scopes": sorted(set(scopes)) if scopes is not None else None,
            "expires_at": expires_at,
            "organization_id": organization_id,
        }
        async with self._db.write() as connection:
            if await connection.scalar(select(people.c.id).where(people.c.id == person_id)) is None:
                raise NotFound(f"There is no person {person_id}.", person_id=person_id)
            other = {name: values[name] for name in ("sha256", "prefix")}
            made = self._db.insert(api_keys).values(values)
            made = made.on_conflict_do_update(
                index_elements=[api_keys.c.id],
                set_=other,
                where=and_(api_keys.c.revoked_at.is_(None), api_keys.c.person_id == person_id),
            )
            row = (await connection.execute(made.returning(api_keys))).mappings().one_or_none()
        if row is None:
            raise Conflict("The key of this request was revoked meanwhile: ask for another one with a new request.")
        return _key(row), key

    async def ensure(self, person_id: str, key: SecretStr, *, label: str) -> None:
        """Make this key valid for this person, with all that they may. Raises NotFound for an unknown person."""
        owner = {"person_id": person_id, "label": label, "revoked_at": None, "expires_at": None, "scopes": None}
        statement = self._db.insert(api_keys).values(**_described(key), **owner)
        async with self._db.write() as connection:
            if await connection.scalar(select(people.c.id).where(people.c.id == person_id)) is None:
                raise NotFound(f"There is no person {person_id}.", person_id=person_id)
            await connection.execute(statement.on_conflict_do_update(index_elements=[api_keys.c.sha256], set_=owner))

    async def of(self, person_id: str, *, organization_id: str | None = None) -> list[ApiKey]:
        query = select(api_keys).where(*_keys_of(person_id, organization_id))
        query = query.order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc())
        async with self._db.read() as connection:
            return [_key(row) for row in (await connection.execute(query)).mappings()]

    async def revoke(self, key_id: str, *, person_id: str, organization_id: str | None = None) -> ApiKey:
        mine = (api_keys.c.id == key_id, *_keys_of(person_id, organization_id))
        revoked = update(api_keys).where(*mine, api_keys.c.revoked_at.is_(None)).values(revoked_at=datetime.now(UTC))
        async with self._db.write() as connection:
            await connection.execute(revoked)
            row = (await connection.execute(select(api_keys).where(*mine))).mappings().one_or_none()
        if row is None:
            raise NotFound(f"There is no key {key_id}.", key_id=key_id)
        return _key(row)

    async def used(self, key_id: str, now: datetime) -> None:
        """Note that it is used now, unless that was noted within the last minute."""
        last = api_keys.c.last_used_at
        due = or_(last.is_(None), last <= now - USE_NOTED_EVERY)
        async with self._db.write() as connection:
            await connection.execute(update(api_keys).where(api_keys.c.id == key_id, due).values(last_used_at=now))


def _keys_of(person_id: str, organization_id: str | None) -> list[ColumnElement[bool]]:
    """All of a person's; with an organisation those bound to it, and the unbound ones of whoever is at home there."""
    if organization_id is None:
        return [api_keys.c.person_id == person_id]
    at_home = exists().where(people.c.id == person_id, people.c.organization_id == organization_id)
    bound = api_keys.c.organization_id
    return [api_keys.c.person_id == person_id, or_(bound == organization_id, and_(bound.is_(None), at_home))]


def digest(key: SecretStr) -> str:
    return hashlib.sha256(key.get_secret_value().encode()).hexdigest()


def _described(key: SecretStr, key_id: str | None = None) -> dict[str, object]:
    return {
        "sha256": digest(key),
        "id": key_id or ids.new("key"),
        "prefix": key.get_secret_value()[:_SHOWN],
        "created_at": datetime.now(UTC),
    }


def _key(row: RowMapping) -> ApiKey:
    return ApiKey.model_validate({name: value for name, value in row.items() if name in _FIELDS})
