"""What people did at the door, as entries of the audit: written with the change itself, or not at all."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import auditing
from adapters.database.people_tables import people
from domain.audit import Deed
from domain.ids import DEFAULT_ORGANIZATION
from domain.people import Actor, Channel


async def noted(
    connection: AsyncConnection,
    person_id: str,
    action: str,
    at: datetime,
    *,
    result: str = "done",
    detail: str = "",
    client: str | None = None,
) -> None:
    """Somebody did something to their own account, in the organisation that is their home."""
    query = select(people.c.name, people.c.kind, people.c.organization_id).where(people.c.id == person_id)
    person = (await connection.execute(query)).one()
    auditing.note(
        connection,
        Deed(
            organization_id=person.organization_id,
            at=at,
            actor=Actor(channel=Channel.API, name=person.name, person_id=person_id, bot=person.kind == "service"),
            action=action,
            subject=person_id,
            result=result,
            detail=detail,
            client=client or None,
        ),
    )


async def turned_away(
    connection: AsyncConnection, person_id: str | None, action: str, at: datetime, *, client: str
) -> None:
    """Who it was is not known: the entry names whom they tried to be, at home there.

    What was typed as an address that nobody has is not kept, for it may be a password.
    """
    home = await connection.scalar(select(people.c.organization_id).where(people.c.id == person_id))
    auditing.note(
        connection,
        Deed(
            organization_id=home or DEFAULT_ORGANIZATION,
            at=at,
            actor=Actor(channel=Channel.API, name="somebody"),
            action=action,
            subject=person_id or "an address without an account",
            result="refused",
            client=client or None,
        ),
    )
