"""The port of what makes requests safe to repeat."""

from datetime import timedelta
from typing import Protocol

from domain.repeats import Claim, GivenAnswer


class Repeats(Protocol):
    """Requests by `scope` (who asks, and what) and `key` (the Idempotency-Key)."""

    async def claim(self, scope: str, key: str, fingerprint: str, *, lease: timedelta) -> Claim | GivenAnswer:
        """The right to do the work until `lease` is over, or the answer that was given before.

        Raises KeyReused if `fingerprint` is not the first sending's, and StillUnderWay while another holds the claim.
        The claim of a holder that is gone, or that gave up, is the next one's, with the same `request_id`.
        """

    async def renew(self, scope: str, key: str, claim: Claim, *, lease: timedelta) -> None:
        """Hold it for longer; nothing if it is another's by now."""

    async def answer(self, scope: str, key: str, claim: Claim, given: GivenAnswer) -> None:
        """Keep the answer; nothing if the claim is another's by now."""

    async def release(self, scope: str, key: str, claim: Claim) -> None:
        """Give up without an answer: the next sending does the work, under the same `request_id`."""

    async def prune(self, *, kept: timedelta) -> int:
        """Forget what was first sent longer ago; how many that were."""
