"""The audit as a hash chain for each organisation; what was written before is taken up in its order."""

import sqlalchemy as sa
from alembic import op

from adapters.database.tables import Moment, Position, Words
from domain.audit import BEGINNING, Deed, chained

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_AT_ONCE = 1000


def upgrade() -> None:
    op.rename_table("audit", "audit_before")
    audit = op.create_table(
        "audit",
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.JSON, nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("result", sa.String(80), nullable=False),
        sa.Column("detail", Words, nullable=False),
        sa.Column("client", sa.String(64)),
        sa.Column("hash", sa.String(64), nullable=False),
        # Its plain name is still that of the table before.
        sa.PrimaryKeyConstraint("organization_id", "sequence", name="pk_audit_chain"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject", "organization_id", "sequence"])
    heads = op.create_table(
        "audit_heads",
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", name="pk_audit_heads"),
    )
    _take_up(op.get_bind(), audit, heads)
    op.drop_table("audit_before")


def _take_up(connection: sa.Connection, audit: sa.Table, heads: sa.Table) -> None:
    before = sa.table(
        "audit_before",
        sa.column("position", sa.BigInteger),
        sa.column("integration_id", sa.String),
        sa.column("at", Moment),
        sa.column("actor", sa.JSON),
        sa.column("action", sa.String),
        sa.column("result", sa.String),
        sa.column("detail", sa.Text),
    )
    integrations = sa.table("integrations", sa.column("id", sa.String), sa.column("organization_id", sa.String))
    reading = sa.select(before, integrations.c.organization_id).join(
        integrations, integrations.c.id == before.c.integration_id
    )
    chains: dict[str, tuple[int, str]] = {}
    position = -1
    while rows := connection.execute(
        reading.where(before.c.position > position).order_by(before.c.position).limit(_AT_ONCE)
    ).all():
        entries = []
        for row in rows:
            deed = Deed(
                organization_id=row.organization_id,
                at=row.at,
                actor=row.actor,
                action=row.action,
                subject=row.integration_id,
                result=row.result,
                detail=row.detail,
            )
            sequence, previous = chains.get(deed.organization_id, (0, BEGINNING))
            hashed = chained(previous, sequence + 1, deed)
            chains[deed.organization_id] = (sequence + 1, hashed)
            actor = deed.actor.model_dump(mode="json")
            entries.append({**deed.model_dump(), "actor": actor, "sequence": sequence + 1, "hash": hashed})
        connection.execute(audit.insert(), entries)
        position = rows[-1].position
    if chains:
        connection.execute(
            heads.insert(),
            [{"organization_id": name, "sequence": number, "hash": last} for name, (number, last) in chains.items()],
        )


def downgrade() -> None:
    op.rename_table("audit", "audit_chain")
    op.create_table(
        "audit",
        sa.Column("position", Position, autoincrement=True, nullable=False),
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.JSON, nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("result", sa.String(80), nullable=False),
        sa.Column("detail", Words, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_audit"),
    )
    op.create_index("ix_audit_integration_id", "audit", ["integration_id"])
    op.execute(
        "INSERT INTO audit (integration_id, at, actor, action, result, detail) "
        "SELECT subject, at, actor, action, result, detail FROM audit_chain "
        "WHERE subject IN (SELECT id FROM integrations) ORDER BY organization_id, sequence"
    )
    op.drop_index("ix_audit_subject", "audit_chain")
    op.drop_table("audit_chain")
    op.drop_table("audit_heads")
