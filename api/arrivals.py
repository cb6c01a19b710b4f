"""Who somebody is here whom a provider has named. The rules are in docs/login.md.

Nobody gets into an account by an address alone: a provider could be wrong about it, or give it to somebody else later.
Only for domains of which an operator has said that this provider gives out their addresses is its word enough.
"""

import secrets
from datetime import UTC, datetime

from api.services import Services
from domain import ids
from domain.accounts import Account, Registration
from domain.errors import Conflict, Forbidden
from domain.federation import Identity, Proven
from domain.people import Channel, Person

_TRIES = 20


async def arrived(proven: Proven, provider: str, title: str, services: Services) -> str:
    """The person's id; somebody new is made if they may register.

    Raises Conflict where the account has to be linked by its owner first, Forbidden where nobody new may come in.
    """
    known = await services.federation.identities.find(proven.issuer, proven.subject)
    if known is not None:
        await services.federation.identities.used(known.id, datetime.now(UTC))
        return known.person_id
    account = await services.door.logins.by_email(proven.email) if proven.email is not None else None
    if account is not None and not proven.trusted:
        raise Conflict(
            f"There is an account with the address that {title} names. Log in to it, and link {title} there: "
            "an address alone does not open an account.",
            provider=provider,
        )
    person_id = account.person_id if account is not None else await _registered(proven, title, services)
    return (await linked(proven, provider, person_id, services)).person_id


async def linked(proven: Proven, provider: str, person_id: str, services: Services) -> Identity:
    """From now on it opens this person's account. Raises Conflict if it is somebody else's."""
    now = datetime.now(UTC)
    identity = Identity(
        id=ids.new("idn"),
        person_id=person_id,
        provider=provider,
        issuer=proven.issuer,
        subject=proven.subject,
        email=proven.email,
        created_at=now,
        last_used_at=now,
    )
    return await services.federation.identities.link(identity)


async def _registered(proven: Proven, title: str, services: Services) -> str:
    if services.door.settings.registration is not Registration.OPEN:
        raise Forbidden(
            f"Nobody here is known by this account at {title}, and nobody new is taken without an invitation. If you "
            f"have an account here, log in to it and link {title} there."
        )
    if proven.email is None:
        raise Forbidden(f"{title} names no address of yours that it has verified: verify one there, and log in again.")
    person = await _added(proven, services)
    account = Account(person_id=person.id, email=proven.email, created_at=datetime.now(UTC))
    await services.door.logins.create(account)
    return person.id


async def _added(proven: Proven, services: Services) -> Person:
    """Under their name there, or that name and a number if somebody has it."""
    stem = (proven.name or (proven.email or "").partition("@")[0]).strip()[:60] or "somebody"
    taken = proven.login is not None and await services.people.find(Channel.GITHUB, proven.login) is not None
    now = datetime.now(UTC)
    for number in range(1, _TRIES + 1):
        name = stem if number == 1 else f"{stem}-{number}"
        if number == _TRIES:
            name = f"{stem}-{secrets.token_hex(4)}"
        person = Person(
            id=ids.new("per"),
            name=name,
            role=services.door.settings.role,
            email=proven.email,
            github=None if taken else proven.login,
            created_at=now,
        )
        try:
            return await services.people.add(person)
        except Conflict:
            if number == _TRIES:
                raise
    raise AssertionError
