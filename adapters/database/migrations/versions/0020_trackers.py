"""Trackers beside the code host: which ticket asked for an integration, and who people are in Linear and Jira."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TRACKERS = ("linear", "jira")


def upgrade() -> None:
    op.add_column("integrations", sa.Column("ticket", sa.JSON(none_as_null=True)))
    for tracker in _TRACKERS:
        op.add_column("people", sa.Column(tracker, sa.Text))
        op.add_column("people", sa.Column(f"{tracker}_key", sa.Text))
        op.create_index(f"ix_people_{tracker}_key", "people", [f"{tracker}_key"])
        unique = ["organization_id", f"{tracker}_key"]
        op.create_index(f"uq_people_organization_id_{tracker}_key", "people", unique, unique=True)


def downgrade() -> None:
    for tracker in _TRACKERS:
        op.drop_index(f"uq_people_organization_id_{tracker}_key", "people")
        op.drop_index(f"ix_people_{tracker}_key", "people")
        op.drop_column("people", f"{tracker}_key")
        op.drop_column("people", tracker)
    op.drop_column("integrations", "ticket")
