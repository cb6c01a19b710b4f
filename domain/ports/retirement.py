"""What the end of an integration needs of the database."""

from typing import Protocol

from domain.dependencies import Dependent, Node
from domain.people import Actor
from domain.retirement import Deprecation


class Dependencies(Protocol):
    """Who needs whom, among what is registered. It is written with the registry's entries, and goes with them."""

    async def living(self, organization_id: str) -> list[Node]:
        """All that are registered, by name."""

    async def dependents(self, integration_id: str) -> list[Dependent]:
        """Who needs the integration, by name. Raises NotFound."""

    async def withdraw(self, integration_id: str, *, forced: bool = False, actor: Actor) -> None:
        """Take the integration out of the registry; its entries are kept, and `register` undoes it.

        Raises StillNeeded, unless it is forced, if others need it by then.
        """


class Deprecations(Protocol):
    """What is to end. Each change with its event and audit entry in one transaction."""

    async def record(self, deprecation: Deprecation) -> None:
        """Store or replace."""

    async def find(self, integration_id: str) -> Deprecation | None: ...

    async def forget(self, integration_id: str) -> None:
        """Nothing there is fine."""
