"""Steps at the trackers."""

from domain.base import Data
from domain.vendors import TicketLink, TicketRef


class TellTicket(Data):
    """What a ticket is to say: the one comment of `key`, links, and whether what it asked for is done."""

    ticket: TicketRef
    key: str
    body: str
    links: list[TicketLink] = []
    done: bool = False
