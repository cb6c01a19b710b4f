"""Who did something on GitHub, and what they may do here: as everywhere else."""

from adapters.github.events import User
from domain.access import NONE, RIGHTS, Acting, Permission
from domain.people import Actor, Channel, Person
from domain.ports import People


async def known(people: People, user: User) -> Person | None:
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


def may(person: Person, permission: Permission) -> bool:
    """By their role. Roles of an organisation's own count where the person is known with their rights."""
    return person.may(permission) if isinstance(person, Acting) else RIGHTS.get(person.role, NONE).has(permission)


def refusal(name: str, person: Person | None, permission: Permission, organization_id: str) -> str | None:
    """Why they may not, in a sentence; None if they may."""
    if person is None or person.organization_id != organization_id:
        return f"{name} is not known here by this GitHub account. An operator can add them with `ccb people add`."
    if not may(person, permission):
        return f"This needs the permission `{permission}`, which the role {person.role} of {name} does not give."
    return None
