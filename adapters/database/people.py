"""Who is known, and their keys. A key is stored as its SHA-256: it has 256 random bits, so nothing slower is needed."""

import hashlib
import secrets
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy import RowMapping, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.engine import Database
from adapters.database.tables import api_keys, people
from domain import ids
from domain.errors import Conflict, NotFound
from domain.people import Channel, Person, Role

_PERSON = frozenset(Person.model_fields)


class SqlPeople:
    """The `People` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, person: Person) -> Person:
        """Repeated with the same id: the person as stored."""
        try:
            async with self._db.write() as connection:
                stored = await self._by_id(connection, person.id)
                if stored is None:
                    stored = (
                        (await connection.execute(insert(people).values(_values(person)).returning(people)))
                        .mappings()
                        .one()
                    )
                return _person(stored)
        except Conflict as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise Conflict(
                f"Someone named {person.name}, or with the same GitHub or Slack name, is in this organisation already.",
                name=person.name,
                github=person.github,
                slack=person.slack,
            ) from error

    async def list(self, organization_id: str) -> "list[Person]":
        """By name."""
        query = select(people).where(people.c.organization_id == organization_id).order_by(people.c.name_key)
        async with self._db.read() as connection:
            return [_person(row) for row in (await connection.execute(query)).mappings()]

    async def find(self, channel: Channel, name: str) -> Person | None:
        """GitHub and Slack by the names they have there; elsewhere by our name or email address."""
        if channel is Channel.GITHUB:
            where = people.c.github_key == _folded(name)
        elif channel is Channel.SLACK:
            where = people.c.slack_key == _folded(name)
        else:
            where = (people.c.name_key == _folded(name)) | (func.lower(people.c.email) == name.strip().lower())
        query = select(people).where(where).order_by(people.c.created_at, people.c.id).limit(1)
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _person(row) if row is not None else None

    async def issue_key(self, person_id: str, *, label: str) -> SecretStr:
        key = SecretStr("ccb_" + secrets.token_urlsafe(32))
        await self.ensure_key(person_id, key, label=label)
        return key

    async def ensure_key(self, person_id: str, key: SecretStr, *, label: str) -> None:
        """Raises NotFound for an unknown person."""
        owner = {"person_id": person_id, "label": label, "revoked_at": None}
        statement = self._db.insert(api_keys).values(sha256=_digest(key), created_at=datetime.now(UTC), **owner)
        async with self._db.write() as connection:
            if await self._by_id(connection, person_id) is None:
                raise NotFound(f"There is no person {person_id}.", person_id=person_id)
            await connection.execute(statement.on_conflict_do_update(index_elements=[api_keys.c.sha256], set_=owner))

    async def by_key(self, key: SecretStr) -> Person | None:
        query = (
            select(people)
            .join(api_keys, api_keys.c.person_id == people.c.id)
            .where(api_keys.c.sha256 == _digest(key), api_keys.c.revoked_at.is_(None))
        )
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _person(row) if row is not None else None

    async def ensure(self, name: str, role: Role) -> Person:
        """Someone who is there keeps their role."""
        person = Person(id=ids.new("per"), name=name, role=role)
        statement = self._db.insert(people).values(_values(person))
        query = select(people).where(
            people.c.organization_id == person.organization_id, people.c.name_key == _folded(name)
        )
        async with self._db.write() as connection:
            await connection.execute(statement.on_conflict_do_nothing())
            return _person((await connection.execute(query)).mappings().one())

    async def _by_id(self, connection: AsyncConnection, person_id: str) -> RowMapping | None:
        query = select(people).where(people.c.id == person_id)
        return (await connection.execute(query)).mappings().one_or_none()


def _folded(name: str) -> str:
    return name.strip().removeprefix("@").casefold()


def _digest(key: SecretStr) -> str:
    return hashlib.sha256(key.get_secret_value().encode()).hexdigest()


def _values(person: Person) -> dict[str, object]:
    return person.model_dump() | {
        "created_at": person.created_at or datetime.now(UTC),
        "name_key": _folded(person.name),
        "github_key": _folded(person.github) if person.github else None,
        "slack_key": _folded(person.slack) if person.slack else None,
    }


def _person(row: RowMapping) -> Person:
    return Person.model_validate({name: value for name, value in row.items() if name in _PERSON})
