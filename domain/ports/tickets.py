"""Trackers beside the code host, in our words."""

from typing import Protocol

from domain.vendors import TicketLink, TicketRef


class Tracker(Protocol):
    """Tickets of one tracker. All of it can be repeated: what is there already is found."""

    async def comment(self, ticket: TicketRef, *, key: str, body: str) -> None:
        """The one comment of ours for `key`, made or edited. `body` is Markdown."""

    async def link(self, ticket: TicketRef, link: TicketLink) -> None:
        """Show a link on the ticket; one of the same address is replaced."""

    async def finish(self, ticket: TicketRef) -> None:
        """Bring the ticket into the configured state for what is done.

        Raises VendorRejected, with the states there are, where its workflow leads to no such state.
        """

    async def is_open(self, ticket: TicketRef) -> bool:
        """Whether the ticket is there, and neither done nor cancelled: deliveries come late, and in any order."""

    async def account(self) -> str:
        """The id of the account that we act with."""
