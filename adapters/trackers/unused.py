"""A tracker that is not set up."""

from domain.intents import Intent, NoIntent
from domain.runs import Delivery


class UnusedInbox:
    """Implements `domain.ports.Inbox` where the API takes what a tracker delivers, but the workers have no token."""

    def __init__(self, variable: str) -> None:
        self._variable = variable

    async def interpret(self, delivery: Delivery, body: bytes) -> Intent:
        del body
        return NoIntent(why=f"{delivery.source} is not set up: the workers have no {self._variable}")
