"""Who needs whom, for what is registered already too; and what is to end."""

import sqlalchemy as sa
from alembic import op

from adapters.database.tables import Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    made = op.create_table(
        "dependencies",
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("depends_on", sa.String(50), nullable=False),
        sa.Column("version_range", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name=op.f("fk_dependencies_integration_id")),
        sa.PrimaryKeyConstraint("integration_id", "depends_on", name=op.f("pk_dependencies")),
    )
    op.create_index(op.f("ix_dependencies_depends_on"), "dependencies", ["depends_on"])
    op.create_table(
        "deprecations",
        sa.Column("integration_id", sa.String(36), nullable=False),
        sa.Column("deprecated_at", Moment(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name=op.f("fk_deprecations_integration_id")),
        sa.PrimaryKeyConstraint("integration_id", name=op.f("pk_deprecations")),
    )
    registry = sa.table(
        "registry", sa.column("integration_id"), sa.column("document", sa.JSON), sa.column("is_current", sa.Boolean)
    )
    current = sa.select(registry.c.integration_id, registry.c.document).where(registry.c.is_current)
    rows = [
        {"integration_id": integration_id, "depends_on": need["name"], "version_range": need["version_range"]}
        for integration_id, document in op.get_bind().execute(current)
        for need in {need["name"]: need for need in document["dependencies"]}.values()
    ]
    if rows:
        op.bulk_insert(made, rows)


def downgrade() -> None:
    op.drop_table("deprecations")
    op.drop_index(op.f("ix_dependencies_depends_on"), "dependencies")
    op.drop_table("dependencies")
