"""Organisations, who belongs to them, and how one comes to belong."""

from pydantic import AwareDatetime, Field

from domain.base import Data
from domain.people import RoleName


class Organization(Data):
    """What integrations and people belong to. What one has, nobody of another sees."""

    id: str = Field(examples=["org_00000000000000000000000000000000"])
    name: str = Field(min_length=1, max_length=80, examples=["Payments"])
    created_at: AwareDatetime


class Membership(Data):
    """An organisation as one of its members has it: with a role there. `home`: where they act unless they say else."""

    organization: Organization
    role: RoleName
    home: bool


class Invitation(Data):
    """Whoever has its code may join, once. With an address: only the person who has that address here."""

    id: str
    organization_id: str
    role: RoleName
    email: str | None = None
    invited_by: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    accepted_by: str | None = None
