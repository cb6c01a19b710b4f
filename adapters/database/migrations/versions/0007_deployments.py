"""What runs where: until now there was one deployment of an integration, the one that the registry names."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SERVING = sa.text("state = 'serving'")


def upgrade() -> None:
    deployments = op.create_table(
        "deployments",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("environment", sa.String(20), nullable=False),
        sa.Column("target", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_deployments_integration_id_integrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
    )
    op.create_index("ix_deployments_integration_id", "deployments", ["integration_id"])
    op.create_index(
        "uq_deployments_serving",
        "deployments",
        ["integration_id", "environment"],
        unique=True,
        sqlite_where=SERVING,
        postgresql_where=SERVING,
    )
    if found := _serving():
        op.bulk_insert(deployments, found)


def downgrade() -> None:
    op.drop_table("deployments")


def _serving() -> list[dict[str, object]]:
    registry = sa.table(
        "registry",
        sa.column("integration_id", sa.String),
        sa.column("version", sa.String),
        sa.column("is_current", sa.Boolean),
        sa.column("registered_at", sa.DateTime(timezone=True)),
        sa.column("document", sa.JSON),
    )
    rows = op.get_bind().execute(sa.select(registry).where(registry.c.is_current)).mappings()
    return [
        {
            "id": row["document"]["deployment_id"],
            "integration_id": row["integration_id"],
            "version": row["version"],
            "environment": "production",
            "target": "process",
            "state": "serving",
            "url": row["document"]["url"],
            "since": row["registered_at"],
        }
        for row in rows
    ]
