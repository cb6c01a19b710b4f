"""Who did something on GitHub, and what they may do here: as everywhere else."""

from adapters.github.events import User
from domain import authorization
from domain.access import Acting, Permission
from domain.people import Actor, Channel, Person
from domain.ports import People
from domain.registry import Integration


async def known(people: People, user: User) -> Acting | None:
    return await people.find(Channel.GITHUB, user.login)


async def actor(people: People, user: User) -> Actor:
    return acting(user, await known(people, user))


def acting(user: User, person: Person | None) -> Actor:
    return Actor(
        channel=Channel.GITHUB,
        name=user.login,
        person_id=person.id if person else None,
        bot=user.bot or (person is not None and person.kind == "service"),
    )


def refusal(name: str, person: Acting | None, permission: Permission, found: Integration) -> str | None:
    """Why they may not do it with this integration, in a sentence; None if they may."""
    if person is None or person.organization_id != found.organization_id:
        return f"{name} is not known here by this GitHub account. An operator can add them with `ccb people add`."
    return authorization.refusal(person, permission, authorization.attributes(found, person))
