"""Steps at the trackers: what a ticket that asked is told, and what it shows."""

from collections.abc import Mapping

from temporalio import activity

from domain.errors import InvalidInput
from domain.ports import Tracker
from domain.steps.tickets import TellTicket


class TicketActivities:
    """`trackers` by name: those that are configured."""

    def __init__(self, trackers: Mapping[str, Tracker]) -> None:
        self._trackers = trackers

    @activity.defn(name="ticket.tell")
    async def tell(self, cmd: TellTicket) -> None:
        """Bring comment, links and state up to date, each of which finds what an earlier try left.

        In this order: people read the comment whatever the ticket's workflow allows.
        """
        tracker = self._trackers.get(cmd.ticket.tracker)
        if tracker is None:
            name = cmd.ticket.tracker
            raise InvalidInput(f"{cmd.ticket.key} cannot be told: {name} is not set up here any more.", tracker=name)
        await tracker.comment(cmd.ticket, key=cmd.key, body=cmd.body)
        for link in cmd.links:
            await tracker.link(cmd.ticket, link)
        if cmd.done:
            await tracker.finish(cmd.ticket)
