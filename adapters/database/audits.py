"""Reading the audit, and adding what no other transaction adds."""

from sqlalchemy import Select, select

from adapters.database import auditing
from adapters.database.audit_tables import audit, audit_heads
from adapters.database.engine import Database
from domain.audit import AuditEntry, AuditPage, Deed, Head


class SqlAudit:
    """The `Audit` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, deed: Deed) -> None:
        async with self._db.write() as connection:
            auditing.note(connection, deed)

    async def page(
        self,
        organization_id: str,
        *,
        after: int = 0,
        limit: int = 100,
        action: str | None = None,
        subject: str | None = None,
        person_id: str | None = None,
        newest: bool = False,
    ) -> AuditPage:
        query: Select[tuple[object, ...]] = select(audit).where(
            audit.c.organization_id == organization_id, audit.c.sequence > after
        )
        if action is not None:
            query = query.where(audit.c.action == action)
        if subject is not None:
            query = query.where(audit.c.subject == subject)
        if person_id is not None:
            query = query.where(audit.c.actor["person_id"].as_string() == person_id)
        order = audit.c.sequence.desc() if newest else audit.c.sequence
        reaching = select(audit_heads).where(audit_heads.c.organization_id == organization_id)
        # The head first: what is appended between the two looks is behind it, and left out.
        async with self._db.read() as connection:
            row = (await connection.execute(reaching)).mappings().one_or_none()
            head = Head(sequence=row["sequence"], hash=row["hash"]) if row else Head()
            seen = query.where(audit.c.sequence <= head.sequence) if row else query
            found = (await connection.execute(seen.order_by(order).limit(limit))).mappings().all()
        items = [AuditEntry.model_validate(dict(one)) for one in found]
        return AuditPage(items=items[::-1] if newest else items, head=head)
