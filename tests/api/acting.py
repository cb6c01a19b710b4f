"""People who act in tests: each with a key, in an organisation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from domain import ids
from domain.ids import DEFAULT_ORGANIZATION
from domain.people import Person, Role
from tests.api.world import World, fresh_name


@asynccontextmanager
async def by(world: World, key: str, organization: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(None) as api:
        api.headers["Authorization"] = f"Bearer {key}"
        if organization:
            api.headers["CCB-Organization"] = organization
        yield api


async def someone(
    world: World, role: str = Role.VIEWER, organization: str = DEFAULT_ORGANIZATION
) -> tuple[Person, str]:
    person = Person(id=ids.new("per"), name=fresh_name("someone"), role=role, organization_id=organization)
    await world.services.people.add(person)
    return person, (await world.services.people.issue_key(person.id, label="tests")).get_secret_value()


async def an_organization(world: World) -> str:
    """One that the admin made."""
    async with world.client(Role.ADMIN) as api:
        made = await api.post("/api/v1/organizations", json={"name": "Payments"})
    assert made.status_code == 201, made.text
    return made.json()["id"]
