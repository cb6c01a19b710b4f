"""The ports of who may do what: people, their keys, organisations and their roles."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

from domain.access import Acting, ApiKey, RoleDefinition
from domain.organizations import Invitation, Membership, Organization
from domain.people import Channel, Person, RoleName


class People(Protocol):
    """Who is known, and as whom they act. A person is always meant in one organisation, with their role there."""

    async def add(self, person: Person) -> Person:
        """As a member of the organisation that is named, which is their home.

        Raises Conflict if name, GitHub or Slack name is taken in the organisation.
        """

    async def known_as(self, person_id: str, organization_id: str, names: Mapping[str, str | None]) -> None:
        """Set their names in `github`, `slack`, `linear` or `jira`; None takes one away.

        Raises NotFound for whoever is not at home there, and Conflict if somebody else there has the name.
        """

    async def list(self, organization_id: str) -> "list[Person]":
        """Its members, by name."""

    async def get(self, person_id: str, organization_id: str, *, at_home: bool = False) -> Person:
        """Raises NotFound for whoever is no member there; `at_home`: for guests too, whose accounts are elsewhere."""

    async def find(self, channel: Channel, name: str, *, organization_id: str | None = None) -> Acting | None:
        """By the name they have there, ignoring case; as a member of the organisation named, else of their home.

        With their rights there.
        """

    async def acting(
        self, person_id: str, organization_id: str | None = None, *, session_id: str | None = None
    ) -> Acting | None:
        """Someone as they act in the organisation, or at home, with the rights they have there.

        None for a person there is not. Raises Forbidden where they are no member.
        """

    async def by_key(self, key: SecretStr, organization_id: str | None = None) -> Acting | None:
        """Whose key it is, as they act by it. None for one that is unknown, revoked or over. Constant work.

        Raises Forbidden where they are no member, or where the key is not good. Its use is noted once a minute.
        """

    async def issue_key(self, person_id: str, *, label: str) -> SecretStr:
        """A new API key, `ccb_` and 43 characters, for all that its owner may."""

    async def ensure_key(self, person_id: str, key: SecretStr, *, label: str) -> None:
        """Make this key valid for this person (the operator's key file at start-up)."""

    async def ensure(self, name: str, role: RoleName) -> Person:
        """The person of this name in the default organisation, made if need be."""


class Keys(Protocol):
    """API keys. Stored as SHA-256 of a 256-bit random key, which is shown once."""

    async def issue(
        self,
        person_id: str,
        *,
        label: str,
        scopes: Sequence[str] | None = None,
        expires_at: datetime | None = None,
        organization_id: str | None = None,
        key_id: str | None = None,
    ) -> tuple[ApiKey, SecretStr]:
        """Raises NotFound for an unknown person.

        With the `key_id` of one that was issued before, whose answer was lost: that key is replaced by another. Raises
        Conflict if it was revoked meanwhile.
        """

    async def of(self, person_id: str, *, organization_id: str | None = None) -> list[ApiKey]:
        """The newest first, those revoked too.

        With an organisation: those bound to it, and if it is the person's home those that are good everywhere.
        """

    async def revoke(self, key_id: str, *, person_id: str, organization_id: str | None = None) -> ApiKey:
        """From now on it opens nothing. Repeated: as it was revoked first. Raises NotFound for one not in `of`."""


class Organizations(Protocol):
    """Organisations, their members, and invitations."""

    async def create(self, name: str, *, admin: Person) -> Organization:
        """With its first admin."""

    async def rename(self, organization_id: str, name: str) -> Organization:
        """Raises NotFound."""

    async def get(self, organization_id: str) -> Organization:
        """Raises NotFound."""

    async def of(self, person_id: str) -> list[Membership]:
        """Those that a person belongs to: home first, then by name."""

    async def share(self, person_id: str, other_id: str) -> bool:
        """Whether both belong to one organisation."""

    async def join(self, organization_id: str, person_id: str, role: RoleName) -> None:
        """Raises Conflict for a member."""

    async def change_role(self, organization_id: str, person_id: str, role: RoleName) -> None:
        """Raises NotFound for no member, Conflict for the last admin."""

    async def leave(self, organization_id: str, person_id: str) -> None:
        """Raises NotFound for no member, Conflict for the last admin."""

    async def invite(self, invitation: Invitation) -> SecretStr:
        """The code of the invitation, shown once. Of one that was made before: another code in place of the former."""

    async def invitations(self, organization_id: str) -> list[Invitation]:
        """Those that are still open, the newest first."""

    async def withdraw(self, organization_id: str, invitation_id: str) -> None:
        """Raises NotFound for one that is not open."""

    async def accept(self, code: SecretStr, person_id: str) -> Invitation:
        """Make the person a member. Raises NotFound for a code that is unknown, used or over, or another's."""


class Roles(Protocol):
    """Roles of an organisation's own."""

    async def list(self, organization_id: str) -> "list[RoleDefinition]":
        """By name."""

    async def get(self, organization_id: str, name: str) -> RoleDefinition:
        """One built in, or one of its own. Raises NotFound."""

    async def create(self, organization_id: str, role: RoleDefinition) -> None:
        """Raises Conflict if there is one of this name."""

    async def replace(self, organization_id: str, role: RoleDefinition) -> None:
        """Raises NotFound."""

    async def delete(self, organization_id: str, name: str) -> None:
        """Raises NotFound; Conflict while somebody has it, or is invited to it."""
