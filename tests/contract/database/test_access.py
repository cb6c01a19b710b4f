"""Organisations, roles and keys in both databases; and what the migration makes of people and keys that were there."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from pydantic import SecretStr
from sqlalchemy import NullPool, text

from adapters.database import DatabaseSettings, SqlKeys, SqlOrganizations, SqlPeople, SqlRoles
from adapters.database.engine import make_engine
from adapters.database.migrate import configuration
from domain import ids
from domain.access import Condition, Grant, Permission, RoleDefinition
from domain.errors import Conflict, Forbidden, NotFound
from domain.ids import DEFAULT_ORGANIZATION
from domain.organizations import Invitation
from domain.people import Person, Role


def person(name: str, role: str = Role.VIEWER, **more: object) -> Person:
    return Person(id=ids.new("per"), name=name, role=role, **more)


async def test_somebody_acts_where_they_are_a_member_with_the_role_they_have_there(db):
    people, organizations = SqlPeople(db), SqlOrganizations(db)
    ada = await people.add(person("ada", Role.OPERATOR))
    other = await organizations.create("Other", admin=await people.add(person("grace", Role.ADMIN)))
    key = await people.issue_key(ada.id, label="laptop")
    home = await people.by_key(key)
    assert (home.role, home.organization_id, home.limited) == (Role.OPERATOR, DEFAULT_ORGANIZATION, False)
    with pytest.raises(Forbidden):
        await people.by_key(key, other.id)
    await organizations.join(other.id, ada.id, Role.VIEWER)
    with pytest.raises(Conflict, match="member already"):
        await organizations.join(other.id, ada.id, Role.VIEWER)
    there = await people.by_key(key, other.id)
    assert (there.role, there.organization_id) == (Role.VIEWER, other.id)
    assert there == (await people.acting(ada.id, other.id)).model_copy(update={"key_id": there.key_id})
    assert await people.acting(ids.new("per")) is None
    assert [one.organization.id for one in await organizations.of(ada.id) if not one.home] == [other.id]
    assert await organizations.share(ada.id, there.id)
    with pytest.raises(NotFound):
        await people.get(ada.id, other.id, at_home=True)


async def test_of_two_last_admins_who_go_at_once_one_stays(db):
    people, organizations = SqlPeople(db), SqlOrganizations(db)
    ada, bob = [await people.add(person(name, Role.ADMIN)) for name in ("ada", "bob")]
    left = await asyncio.gather(
        *(organizations.leave(DEFAULT_ORGANIZATION, one.id) for one in (ada, bob)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in left) == ["Conflict", "NoneType"]
    (stays,) = await people.list(DEFAULT_ORGANIZATION)
    with pytest.raises(Conflict, match="last admin"):
        await organizations.change_role(DEFAULT_ORGANIZATION, stays.id, Role.OPERATOR)
    with pytest.raises(NotFound):
        await organizations.leave(DEFAULT_ORGANIZATION, ids.new("per"))


async def test_an_invitation_is_good_once(db):
    people, organizations = SqlPeople(db), SqlOrganizations(db)
    host = await people.add(person("host", Role.ADMIN))
    guests = [await people.add(person(f"guest {n}", organization_id=ids.new("org"))) for n in range(4)]
    now = datetime.now(UTC)

    def invitation(**more: object) -> Invitation:
        values = {"organization_id": host.organization_id, "role": Role.DEVELOPER, "invited_by": host.id}
        values |= {"created_at": now, "expires_at": now + timedelta(days=1), **more}
        return Invitation(id=ids.new("inv"), **values)

    code = await organizations.invite(invitation())
    taken = await asyncio.gather(*(organizations.accept(code, guest.id) for guest in guests), return_exceptions=True)
    assert sorted(type(one).__name__ for one in taken) == ["Invitation", "NotFound", "NotFound", "NotFound"]
    assert len(await people.list(host.organization_id)) == 2
    over = await organizations.invite(invitation(expires_at=now - timedelta(seconds=1)))
    with pytest.raises(NotFound):
        await organizations.accept(over, guests[0].id)
    assert await organizations.invitations(host.organization_id) == []


async def test_a_role_of_ones_own_is_read_with_whoever_has_it(db):
    people, roles = SqlPeople(db), SqlRoles(db)
    own = (Condition(attribute="owner", values=("self",)),)
    mine = RoleDefinition(name="mine", permissions=(Grant(resource="runs", action="read", conditions=own),))
    await roles.create(DEFAULT_ORGANIZATION, mine)
    with pytest.raises(Conflict, match="already"):
        await roles.create(DEFAULT_ORGANIZATION, mine)
    ada = await people.add(person("ada", "mine"))
    assert (await people.acting(ada.id)).may(Permission.RUNS_READ, {"owner": "self"})
    assert not (await people.acting(ada.id)).may(Permission.RUNS_READ, {})
    with pytest.raises(Conflict, match="somebody has it"):
        await roles.delete(DEFAULT_ORGANIZATION, "mine")
    elsewhere = await people.add(person("bob", "mine", organization_id=ids.new("org")))
    assert (await people.acting(elsewhere.id)).rights.names == []
    with pytest.raises(NotFound):
        await roles.get(elsewhere.organization_id, "mine")


async def test_the_use_of_a_key_is_noted_once_a_minute(db, scalars):
    people, keys = SqlPeople(db), SqlKeys(db)
    ada = await people.add(person("ada"))
    made, key = await keys.issue(ada.id, label="ci", scopes=["runs:read"])
    assert (await people.by_key(key)).rights.names == ["runs:read"]
    (first,) = await keys.of(ada.id)
    await people.by_key(key)
    assert await keys.of(ada.id) == [first]
    await scalars("UPDATE api_keys SET last_used_at = '2026-01-01 00:00:00' RETURNING id")
    await asyncio.gather(*(people.by_key(key) for _ in range(5)))
    (again,) = await keys.of(ada.id)
    assert again.last_used_at >= first.last_used_at
    await keys.revoke(made.id, person_id=ada.id)
    assert await people.by_key(key) is None


async def test_the_migration_keeps_roles_and_keys(empty_url):
    digest = "a" * 64
    engine = make_engine(DatabaseSettings(url=SecretStr(empty_url)), poolclass=NullPool)

    async def migrate(step, revision: str) -> None:
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: step(configuration(sync), revision))

    async def rows(statement: str) -> list[tuple[object, ...]]:
        async with engine.begin() as connection:
            return [tuple(row) for row in await connection.execute(text(statement))]

    try:
        await migrate(command.upgrade, "0012")
        await rows(
            "INSERT INTO people (id, organization_id, name, name_key, kind, role, created_at) VALUES"
            f" ('per_1', '{DEFAULT_ORGANIZATION}', 'ada', 'ada', 'person', 'reviewer', '2026-01-01 00:00:00'),"
            " ('per_2', 'org_other', 'bob', 'bob', 'person', 'admin', '2026-01-01 00:00:00') RETURNING id"
        )
        await rows(
            "INSERT INTO api_keys (sha256, person_id, label, created_at) VALUES"
            f" ('{digest}', 'per_1', 'laptop', '2026-01-01 00:00:00') RETURNING sha256"
        )
        await migrate(command.upgrade, "0013")
        assert await rows("SELECT person_id, organization_id, role FROM memberships ORDER BY person_id") == [
            ("per_1", DEFAULT_ORGANIZATION, "reviewer"),
            ("per_2", "org_other", "admin"),
        ]
        assert {one for (one,) in await rows("SELECT id FROM organizations")} == {DEFAULT_ORGANIZATION, "org_other"}
        assert await rows("SELECT id, prefix, label, scopes FROM api_keys") == [
            (f"key_{'a' * 32}", "ccb_", "laptop", None)
        ]
        await migrate(command.downgrade, "0012")
        assert await rows("SELECT id, role FROM people ORDER BY id") == [("per_1", "reviewer"), ("per_2", "admin")]
        assert await rows("SELECT sha256, label FROM api_keys") == [(digest, "laptop")]
    finally:
        await engine.dispose()
