"""How often a password or code may be tried.

Attempts are counted for one account from one place (a network, or a device that has logged in to it before), so that
whoever tries at somebody's door shuts it for themselves alone. Several buckets make the waits grow. After a login from
a place its attempts count anew: a bucket's name holds when the last one was.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from domain.errors import TooManyRequests
from domain.ports import Counters
from domain.rates import Bucket

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_ATTEMPTS = ((5, _MINUTE), (20, _HOUR), (50, _DAY))
"""At once, and then as many in so many seconds: waits of 12 s, 3 min, half an hour."""

_NETWORK = ((60, _MINUTE), (600, _HOUR))
"""For all accounts together, from one network that none of them knows: guesses of one password for many people."""

_CODES_A_DAY = 200
_MAILS = ((5, _HOUR), (10, _DAY))

_NOTED = ((20, _HOUR),)
"""Refusals in the audit, of one account and from one network; each costs a transaction and stays for ever."""
_NOTED_IN_ALL = ((200, _HOUR),)


@dataclass(frozen=True)
class Place:
    """From where somebody tries. `known`: a device that has logged in to this account before."""

    name: str
    network: str
    known: bool = False


def place(kind: str, value: str) -> str:
    """The name of a place, as it is kept: it does not tell the address or token."""
    return hashlib.sha256(f"{kind}\0{value}".encode(errors="replace")).hexdigest()


class Throttle:
    """Raises TooManyRequests with how long to wait."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    async def attempt(self, account: str, where: Place, since: datetime | None) -> None:
        """A password is tried for `account` (whatever names it); `since` is when a login from there last succeeded."""
        key = place("password", f"{account}\0{where.name}\0{since}")
        buckets = _cascade(key, _ATTEMPTS)
        if not where.known:
            buckets += _cascade(place("network", where.network), _NETWORK)
        await self._take(buckets)

    async def code(self, person_id: str, where: Place, since: datetime | None) -> None:
        """A second factor is tried. Who gets here has the password, so guesses from all new places count together."""
        buckets = _cascade(place("code", f"{person_id}\0{where.name}\0{since}"), _ATTEMPTS)
        if not where.known:
            buckets += _cascade(place("codes", person_id), ((_CODES_A_DAY, _DAY),))
        await self._take(buckets)

    async def asking(self, address: str, where: Place) -> None:
        """A mail is asked for."""
        buckets = _cascade(place("asking", f"{address}\0{where.name}"), _MAILS)
        await self._take(buckets + _cascade(place("asked", where.network), ((20, _HOUR),)))

    async def mailing(self, address: str) -> bool:
        """Whether one more mail may go to this address, whoever asked for it."""
        taken = await self._counters.take_all(_cascade(place("mail", address), _MAILS))
        return not any(one.wait for one in taken)

    async def noting(self, account: str, where: Place) -> bool:
        """Whether one more refusal goes into the audit: a flood shows in it, and does not fill it."""
        buckets = _cascade(place("noted", account), _NOTED) + _cascade(place("noted", where.network), _NOTED)
        taken = await self._counters.take_all(buckets + _cascade(place("noted", ""), _NOTED_IN_ALL))
        return not any(one.wait for one in taken)

    async def _take(self, buckets: list[Bucket]) -> None:
        wait = max(level.wait for level in await self._counters.take_all(buckets))
        if wait > 0:
            raise TooManyRequests(
                f"Too many attempts from here: wait {max(1, round(wait))} s. A device that logged in before is not "
                "held up by this, nor another network; a forgotten password can be reset by mail.",
                retry_after=wait,
            )


def _cascade(key: str, limits: tuple[tuple[int, int], ...]) -> list[Bucket]:
    return [Bucket(f"{key}:{seconds}", count, count / seconds) for count, seconds in limits]
