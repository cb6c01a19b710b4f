"""Writing the audit. Deeds are noted while a transaction goes on, and become entries of the chain as it ends.

At the end, because the head of an organisation's chain is locked until the transaction is over: last and in the order
of their names, so that nobody waits in a circle, and for no longer than it takes to write.
"""

from itertools import groupby
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.audit_tables import audit, audit_heads
from domain.audit import BEGINNING, Deed, chained

_NOTED = "ccb.deeds"


def begin(connection: AsyncConnection) -> None:
    """Forget what a transaction noted that was rolled back on the same connection."""
    _info(connection).pop(_NOTED, None)


def note(connection: AsyncConnection, deed: Deed) -> None:
    """It is written with the transaction, or not at all."""
    # PostgreSQL cannot store U+0000; what is hashed has to be what is stored.
    clean = {name: getattr(deed, name).replace("\x00", "\ufffd") for name in ("subject", "result", "detail")}
    _info(connection).setdefault(_NOTED, []).append(deed.model_copy(update=clean))


async def write(connection: AsyncConnection, opening: postgresql.Insert | sqlite.Insert) -> None:
    """Append what was noted to the chains. `opening` is the database's INSERT that knows ON CONFLICT, of the heads."""
    deeds: list[Deed] = _info(connection).pop(_NOTED, [])
    by_organization = sorted(deeds, key=lambda deed: deed.organization_id)
    for organization_id, theirs in groupby(by_organization, key=lambda deed: deed.organization_id):
        head = audit_heads.c.organization_id == organization_id
        first = {"organization_id": organization_id, "sequence": 0, "hash": BEGINNING}
        await connection.execute(opening.values(first).on_conflict_do_nothing())
        last = (await connection.execute(select(audit_heads).where(head).with_for_update())).one()
        sequence, hashed, rows = last.sequence, last.hash, []
        for deed in theirs:
            sequence += 1
            hashed = chained(hashed, sequence, deed)
            actor = deed.actor.model_dump(mode="json")
            rows.append({**deed.model_dump(), "actor": actor, "sequence": sequence, "hash": hashed})
        await connection.execute(insert(audit), rows)
        await connection.execute(update(audit_heads).where(head).values(sequence=sequence, hash=hashed))


def _info(connection: AsyncConnection) -> dict[Any, Any]:
    sync = connection.sync_connection
    if sync is None:
        raise RuntimeError("the connection is closed")
    return sync.info
