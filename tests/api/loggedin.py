"""People who log in by session: for tests of what API keys cannot do."""

from datetime import UTC, datetime

import httpx
from pydantic import SecretStr

from domain import ids
from domain.accounts import Account
from domain.people import Person, Role
from domain.sessions import ClientInfo, Method, Tokens
from tests.api.world import World, fresh_name

PASSWORD = "a few words in a row"


async def someone(world: World, *, role: Role = Role.DEVELOPER, email: str | None = None) -> tuple[Person, str]:
    """A person with an account; their address. The password is PASSWORD."""
    name = fresh_name("someone")
    address = email or f"{name}@example.com"
    person = Person(id=ids.new("per"), name=name, role=role, email=address, created_at=datetime.now(UTC))
    person = await world.services.people.add(person)
    hashed = await world.services.door.passwords.hash(SecretStr(PASSWORD))
    account = Account(person_id=person.id, email=address, password=hashed, created_at=datetime.now(UTC))
    await world.services.door.logins.create(account)
    return person, address


async def session_of(world: World, person: Person) -> Tokens:
    return await world.services.sessions.open(person.id, method=Method.PASSWORD, client=ClientInfo(ip="127.0.0.1"))


def as_person(world: World, tokens: Tokens) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    return httpx.AsyncClient(base_url=world.url, headers=headers, timeout=30, trust_env=False)


def anonymous(world: World) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=world.url, timeout=30, trust_env=False)


async def deeds_of(world: World, person: Person) -> list[str]:
    """What the audit says that somebody did through the API, in order."""
    page = await world.services.audit.page(person.organization_id, person_id=person.id, limit=1000)
    return [one.action.removeprefix("api.") for one in page.items if one.action.startswith("api.")]
