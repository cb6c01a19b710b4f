"""Who is known, and as whom they act."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy import RowMapping, func, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import acting
from adapters.database.access_tables import memberships
from adapters.database.acting import Where
from adapters.database.engine import Database
from adapters.database.keys import USE_NOTED_EVERY, SqlKeys, digest
from adapters.database.people_tables import people
from domain import ids
from domain.access import Acting
from domain.errors import Conflict, NotFound, StorageUnavailable
from domain.people import Channel, Person, RoleName

_log = logging.getLogger("ccb.people")


class SqlPeople:
    """The `People` port."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._keys = SqlKeys(db)

    async def add(self, person: Person) -> Person:
        """Repeated with the same id: the person as stored."""
        try:
            async with self._db.write() as connection:
                stored = await self._by_id(connection, person.id)
                if stored is None:
                    await connection.execute(insert(people).values(_values(person)))
                    await connection.execute(insert(memberships).values(_membership(person)))
                    stored = await self._by_id(connection, person.id)
                if stored is None:
                    raise NotFound(f"{person.name} is no longer a member of their organisation.", person_id=person.id)
                return acting.person(stored)
        except Conflict as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise Conflict(
                f"Someone named {person.name}, or with the same name elsewhere, is in this organisation already.",
                name=person.name,
                github=person.github,
                slack=person.slack,
            ) from error

    async def known_as(self, person_id: str, organization_id: str, names: Mapping[str, str | None]) -> None:
        keys = {f"{system}_key": _folded(name) if name else None for system, name in names.items()}
        at_home = (people.c.id == person_id, people.c.organization_id == organization_id)
        statement = update(people).where(*at_home).values(**names, **keys).returning(people.c.id)
        try:
            async with self._db.write() as connection:
                if await connection.scalar(statement) is None:
                    raise NotFound(f"Nobody whose home is here has the id {person_id}.", person_id=person_id)
        except Conflict as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise Conflict("Somebody else in this organisation has that name there.", names=dict(names)) from error

    async def list(self, organization_id: str) -> "list[Person]":
        """Its members, by name, with their roles there."""
        query = acting.by_person(memberships.c.role.is_not(None), organization_id).order_by(
            people.c.name_key, people.c.id
        )
        async with self._db.read() as connection:
            return [acting.person(row) for row in (await connection.execute(query)).mappings()]

    async def get(self, person_id: str, organization_id: str, *, at_home: bool = False) -> Person:
        """Raises NotFound for whoever is no member there, whether there is such a person or not."""
        where = people.c.id == person_id
        if at_home:
            where &= people.c.organization_id == organization_id
        found = await self._first(where, organization_id)
        if found is None:
            raise NotFound(f"Nobody here has the id {person_id}.", person_id=person_id)
        return acting.person(found)

    async def find(self, channel: Channel, name: str, *, organization_id: str | None = None) -> Acting | None:
        """GitHub, Slack, Linear and Jira by the names they have there; elsewhere by our name or email address.

        As a member of the organisation named; else of their home.
        """
        if channel is Channel.GITHUB:
            where = people.c.github_key == _folded(name)
        elif channel is Channel.SLACK:
            where = people.c.slack_key == _folded(name)
        elif channel is Channel.LINEAR:
            where = people.c.linear_key == _folded(name)
        elif channel is Channel.JIRA:
            where = people.c.jira_key == _folded(name)
        else:
            where = (people.c.name_key == _folded(name)) | (func.lower(people.c.email) == name.strip().lower())
        found = await self._first(where, organization_id)
        return acting.acting(found, asked=organization_id) if found is not None else None

    async def acting(
        self, person_id: str, organization_id: str | None = None, *, session_id: str | None = None
    ) -> Acting | None:
        """Someone as they act in the organisation, or at home. None for a person there is not.

        Raises Forbidden where they are no member.
        """
        found = await self._db.look(acting.BY_ID, person=person_id, organization=organization_id)
        return acting.acting(found[0], asked=organization_id, session_id=session_id) if found else None

    async def by_key(self, key: SecretStr, organization_id: str | None = None) -> Acting | None:
        """Whose key it is, as they act by it. None for a key that is unknown, revoked or over; constant work.

        Raises Forbidden where they are no member, or the key is not good.
        """
        rows = await self._db.look(acting.BY_KEY, sha256=digest(key), organization=organization_id)
        now = datetime.now(UTC)
        if not rows or (rows[0]["expires_at"] is not None and rows[0]["expires_at"] <= now):
            return None
        (row,) = rows
        found = acting.acting(row, asked=organization_id)
        if row["last_used_at"] is None or row["last_used_at"] <= now - USE_NOTED_EVERY:
            await self._note_use(row["key_id"], now)
        return found

    async def _note_use(self, key_id: str, now: datetime) -> None:
        """What is asked is answered even if this cannot be written."""
        try:
            await self._keys.used(key_id, now)
        except StorageUnavailable as error:
            _log.warning("the use of a key was not noted", extra={"key_id": key_id, "error": error.message})

    async def issue_key(self, person_id: str, *, label: str) -> SecretStr:
        _, key = await self._keys.issue(person_id, label=label)
        return key

    async def ensure_key(self, person_id: str, key: SecretStr, *, label: str) -> None:
        """Raises NotFound for an unknown person."""
        await self._keys.ensure(person_id, key, label=label)

    async def ensure(self, name: str, role: RoleName) -> Person:
        """Someone who is there keeps their role."""
        person = Person(id=ids.new("per"), name=name, role=role)
        home = people.c.organization_id == person.organization_id
        query = acting.by_person(home & (people.c.name_key == _folded(name)))
        async with self._db.write() as connection:
            added = self._db.insert(people).values(_values(person)).on_conflict_do_nothing().returning(people.c.id)
            if await connection.scalar(added) is not None:
                await connection.execute(insert(memberships).values(_membership(person)))
            return acting.person((await connection.execute(query)).mappings().one())

    async def _first(self, where: Where, organization_id: str | None) -> RowMapping | None:
        """The oldest of those who are members."""
        query = acting.by_person(where & memberships.c.role.is_not(None), organization_id)
        async with self._db.read() as connection:
            query = query.order_by(people.c.created_at, people.c.id).limit(1)
            return (await connection.execute(query)).mappings().one_or_none()

    async def _by_id(self, connection: AsyncConnection, person_id: str) -> RowMapping | None:
        query = acting.by_person(people.c.id == person_id)
        return (await connection.execute(query)).mappings().one_or_none()


def _folded(name: str) -> str:
    return name.strip().removeprefix("@").casefold()


def _values(person: Person) -> dict[str, object]:
    return person.model_dump(exclude={"role"}) | {
        "created_at": person.created_at or datetime.now(UTC),
        "name_key": _folded(person.name),
        "github_key": _folded(person.github) if person.github else None,
        "slack_key": _folded(person.slack) if person.slack else None,
        "linear_key": _folded(person.linear) if person.linear else None,
        "jira_key": _folded(person.jira) if person.jira else None,
    }


def _membership(person: Person) -> dict[str, object]:
    return {
        "person_id": person.id,
        "organization_id": person.organization_id,
        "role": person.role,
        "created_at": datetime.now(UTC),
    }
