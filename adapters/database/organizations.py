"""Organisations, their members, and invitations."""

import hashlib
import secrets
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.access_tables import invitations, memberships, organizations
from adapters.database.engine import Database
from adapters.database.people_tables import people
from domain import ids
from domain.errors import Conflict, NotFound
from domain.organizations import Invitation, Membership, Organization
from domain.people import Person, Role, RoleName

_INVITATION = frozenset(Invitation.model_fields)


class SqlOrganizations:
    """The `Organizations` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(self, name: str, *, admin: Person) -> Organization:
        made = Organization(id=ids.new("org"), name=name, created_at=datetime.now(UTC))
        async with self._db.write() as connection:
            await connection.execute(insert(organizations).values(made.model_dump()))
            await _join(connection, made.id, admin.id, Role.ADMIN)
        return made

    async def rename(self, organization_id: str, name: str) -> Organization:
        mine = organizations.c.id == organization_id
        renamed = update(organizations).where(mine).values(name=name).returning(organizations)
        async with self._db.write() as connection:
            row = (await connection.execute(renamed)).mappings().one_or_none()
        return _organization(row, organization_id)

    async def get(self, organization_id: str) -> Organization:
        async with self._db.read() as connection:
            query = select(organizations).where(organizations.c.id == organization_id)
            row = (await connection.execute(query)).mappings().one_or_none()
        return _organization(row, organization_id)

    async def of(self, person_id: str) -> list[Membership]:
        home = (people.c.organization_id == organizations.c.id).label("home")
        query = (
            select(organizations, memberships.c.role, home)
            .join(memberships, memberships.c.organization_id == organizations.c.id)
            .join(people, people.c.id == memberships.c.person_id)
            .where(memberships.c.person_id == person_id)
            .order_by(home.desc(), func.lower(organizations.c.name), organizations.c.id)
        )
        async with self._db.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        return [
            Membership(organization=_organization(row, row["id"]), role=row["role"], home=row["home"]) for row in found
        ]

    async def share(self, person_id: str, other_id: str) -> bool:
        theirs = memberships.alias()
        query = (
            select(memberships.c.organization_id)
            .join(theirs, theirs.c.organization_id == memberships.c.organization_id)
            .where(memberships.c.person_id == person_id, theirs.c.person_id == other_id)
            .limit(1)
        )
        async with self._db.read() as connection:
            return await connection.scalar(query) is not None

    async def join(self, organization_id: str, person_id: str, role: RoleName) -> None:
        try:
            async with self._db.write() as connection:
                await _join(connection, organization_id, person_id, role)
        except Conflict as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise Conflict("They are a member already; change their role instead.", person_id=person_id) from error

    async def change_role(self, organization_id: str, person_id: str, role: RoleName) -> None:
        async with self._db.write() as connection:
            await _keep_an_admin(connection, organization_id, person_id, role)
            changed = await connection.execute(
                update(memberships).where(*_one(organization_id, person_id)).values(role=role)
            )
        _found(changed.rowcount, person_id)

    async def leave(self, organization_id: str, person_id: str) -> None:
        async with self._db.write() as connection:
            await _keep_an_admin(connection, organization_id, person_id, None)
            gone = await connection.execute(delete(memberships).where(*_one(organization_id, person_id)))
        _found(gone.rowcount, person_id)

    async def invite(self, invitation: Invitation) -> SecretStr:
        code = SecretStr("inv_" + secrets.token_urlsafe(32))
        async with self._db.write() as connection:
            made = self._db.insert(invitations).values(sha256=_digest(code), **invitation.model_dump())
            same = made.on_conflict_do_update(index_elements=[invitations.c.id], set_={"sha256": _digest(code)})
            await connection.execute(same)
        return code

    async def invitations(self, organization_id: str) -> list[Invitation]:
        query = (
            select(invitations)
            .where(invitations.c.organization_id == organization_id, *_open())
            .order_by(invitations.c.created_at.desc(), invitations.c.id.desc())
        )
        async with self._db.read() as connection:
            return [_invitation(row) for row in (await connection.execute(query)).mappings()]

    async def withdraw(self, organization_id: str, invitation_id: str) -> None:
        mine = (invitations.c.organization_id == organization_id, invitations.c.id == invitation_id)
        async with self._db.write() as connection:
            gone = await connection.execute(delete(invitations).where(*mine, *_open()))
        if not gone.rowcount:
            raise NotFound(f"There is no open invitation {invitation_id}.", invitation_id=invitation_id)

    async def accept(self, code: SecretStr, person_id: str) -> Invitation:
        email = select(func.lower(people.c.email)).where(people.c.id == person_id).scalar_subquery()
        theirs = or_(invitations.c.email.is_(None), func.lower(invitations.c.email) == email)
        taken = (
            update(invitations)
            .where(invitations.c.sha256 == _digest(code), theirs, *_open())
            .values(accepted_by=person_id)
            .returning(invitations)
        )
        try:
            async with self._db.write() as connection:
                row = (await connection.execute(taken)).mappings().one_or_none()
                if row is None:
                    raise NotFound(
                        "There is no such invitation: it was used, it is over, or it is for another address. "
                        "Ask whoever invited you for a new one."
                    )
                await _join(connection, row["organization_id"], person_id, row["role"])
                return _invitation(row)
        except Conflict as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise Conflict("You are a member of that organisation already.") from error


async def _join(connection: AsyncConnection, organization_id: str, person_id: str, role: RoleName) -> None:
    member = {"organization_id": organization_id, "person_id": person_id, "role": role}
    await connection.execute(insert(memberships).values(**member, created_at=datetime.now(UTC)))


async def _keep_an_admin(
    connection: AsyncConnection, organization_id: str, person_id: str, role: RoleName | None
) -> None:
    """Raises Conflict if nobody would be admin any more. The rows are locked, so that two do not go at once."""
    admins = select(memberships.c.person_id).where(
        memberships.c.organization_id == organization_id, memberships.c.role == Role.ADMIN
    )
    held = set((await connection.execute(admins.with_for_update())).scalars())
    if held == {person_id} and role != Role.ADMIN:
        raise Conflict("This is the organisation's last admin: make somebody else admin first.", person_id=person_id)


def _one(organization_id: str, person_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return memberships.c.organization_id == organization_id, memberships.c.person_id == person_id


def _open() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return invitations.c.accepted_by.is_(None), invitations.c.expires_at > datetime.now(UTC)


def _found(count: int, person_id: str) -> None:
    if not count:
        raise NotFound(f"Nobody here has the id {person_id}.", person_id=person_id)


def _digest(code: SecretStr) -> str:
    return hashlib.sha256(code.get_secret_value().encode()).hexdigest()


def _organization(row: RowMapping | None, organization_id: str) -> Organization:
    if row is None:
        raise NotFound(f"There is no organisation {organization_id}.", organization_id=organization_id)
    return Organization(id=row["id"], name=row["name"], created_at=row["created_at"])


def _invitation(row: RowMapping) -> Invitation:
    return Invitation.model_validate({name: value for name, value in row.items() if name in _INVITATION})
