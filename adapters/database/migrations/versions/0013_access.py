"""Organisations, memberships with a role in each, roles of one's own, invitations; keys with scopes, end, last use.

The role of a person moves to their membership in their home organisation.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from adapters.database.tables import Moment, Words
from domain.ids import DEFAULT_ORGANIZATION

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
    )
    op.create_table(
        "memberships",
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_memberships_person_id"),
        sa.PrimaryKeyConstraint("person_id", "organization_id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_organization_id", "memberships", ["organization_id", "role"])
    op.create_table(
        "roles",
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("permissions", sa.JSON, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "name", name="pk_roles"),
    )
    op.create_table(
        "invitations",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("email", Words),
        sa.Column("invited_by", sa.String(36), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("accepted_by", sa.String(36)),
        sa.ForeignKeyConstraint(["invited_by"], ["people.id"], name="fk_invitations_invited_by"),
        sa.ForeignKeyConstraint(["accepted_by"], ["people.id"], name="fk_invitations_accepted_by"),
        sa.PrimaryKeyConstraint("sha256", name="pk_invitations"),
        sa.UniqueConstraint("id", name="uq_invitations_id"),
    )
    op.create_index("ix_invitations_organization_id", "invitations", ["organization_id"])
    _move_roles()
    _keys()


def _move_roles() -> None:
    organizations = sa.table("organizations", sa.column("id"), sa.column("name"), sa.column("created_at", Moment))
    op.bulk_insert(organizations, [{"id": DEFAULT_ORGANIZATION, "name": "Home", "created_at": datetime.now(UTC)}])
    op.execute(
        "INSERT INTO organizations (id, name, created_at) SELECT organization_id, organization_id, MIN(created_at)"
        " FROM people WHERE organization_id NOT IN (SELECT id FROM organizations) GROUP BY organization_id"
    )
    op.execute(
        "INSERT INTO memberships (person_id, organization_id, role, created_at)"
        " SELECT id, organization_id, role, created_at FROM people"
    )
    op.drop_column("people", "role")


def _keys() -> None:
    with op.batch_alter_table("api_keys") as batch:
        batch.add_column(sa.Column("id", sa.String(36)))
        batch.add_column(sa.Column("prefix", sa.String(20), nullable=False, server_default="ccb_"))
        batch.add_column(sa.Column("scopes", sa.JSON(none_as_null=True)))
        batch.add_column(sa.Column("organization_id", sa.String(36)))
        batch.add_column(sa.Column("expires_at", Moment))
        batch.add_column(sa.Column("last_used_at", Moment))
    op.execute("UPDATE api_keys SET id = 'key_' || substr(sha256, 1, 32)")
    with op.batch_alter_table("api_keys") as batch:
        batch.alter_column("id", existing_type=sa.String(36), nullable=False)
        batch.create_unique_constraint("uq_api_keys_id", ["id"])


def downgrade() -> None:
    with op.batch_alter_table("api_keys") as batch:
        batch.drop_constraint("uq_api_keys_id", type_="unique")
        for column in ("id", "prefix", "scopes", "organization_id", "expires_at", "last_used_at"):
            batch.drop_column(column)
    op.add_column("people", sa.Column("role", sa.String(20), nullable=False, server_default="viewer"))
    op.execute(
        "UPDATE people SET role = COALESCE((SELECT role FROM memberships WHERE person_id = people.id AND"
        " memberships.organization_id = people.organization_id AND role IN"
        " ('viewer', 'developer', 'reviewer', 'operator', 'admin')), 'viewer')"
    )
    for table in ("invitations", "roles", "memberships", "organizations"):
        op.drop_table(table)
