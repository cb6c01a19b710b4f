"""Rate limits: token buckets for each address, each person and everybody together.

What a request may still do is in its answer (draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` says what
the limits are, `RateLimit` what is left of them); one too many is 429 with `Retry-After`. A request takes from all the
buckets of its address and of everybody at once, or from none; from its person's when that is known.

Health is not counted, for those who watch must not be turned away; its probes are bounded otherwise. Webhooks have a
bucket of their own, a large one: their vendors send from few addresses, and some never send again what was refused.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.clients import host_of, neighbourhood
from api.problems import problem
from api.settings import RateSettings
from domain.errors import TooManyRequests
from domain.people import Person
from domain.ports import Counters
from domain.rates import Bucket, Level

_KEY = "ccb.rates"
_HOUR, _MINUTE, _SECOND = 3600, 60, 1
UNCOUNTED = frozenset({"/health", "/health/live", "/health/ready", "/health/deps", "/health/startup", "/metrics"})
_WEBHOOKS = "/webhooks/"
Refused = Callable[[str], None]
"""Told the name of the limit by which a request was refused."""

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Policy:
    """`quota` requests in `window` seconds, all of which may come at once."""

    name: str
    quota: int
    window: int

    def bucket(self, subject: str) -> Bucket:
        return Bucket(f"{self.name}:{subject}", self.quota, self.quota / self.window)


class Wanted:
    """What a request takes from; `described` is that for the header."""

    __slots__ = ("buckets", "described", "policies")

    def __init__(self, policies: list[Policy], buckets: list[Bucket]) -> None:
        self.policies = policies
        self.buckets = buckets
        self.described = ", ".join(f'"{each.name}";q={each.quota};w={each.window}' for each in policies)


NOTHING = Wanted([], [])


class Limiter:
    """Which buckets a request takes from. `refused` hears of each limit that was met."""

    def __init__(self, settings: RateSettings, counters: Counters, refused: Refused) -> None:
        self.counters = counters
        self.refused = refused
        burst = Policy("burst", settings.burst, _SECOND)
        self._everybody = Policy("global", settings.everybody, _MINUTE)
        self._address = _on(burst, Policy("ip", settings.per_ip, _MINUTE))
        self._person = _on(Policy("user-burst", settings.burst, _SECOND), Policy("user", settings.per_user, _HOUR))
        self._webhooks = _on(Policy("webhooks", settings.webhooks, _MINUTE))
        # Most requests come from a few: what they take from is the same each time.
        self._of_address = lru_cache(_REMEMBERED)(self._made_for_address)
        self._of_webhook = lru_cache(_REMEMBERED)(self._made_for_webhook)
        self.of_person = lru_cache(_REMEMBERED)(self._made_for_person)

    def of_request(self, scope: Scope) -> Wanted:
        """What is known of a request before anybody looks at it."""
        path: str = scope["path"]
        if path in UNCOUNTED:
            return NOTHING
        host = host_of(scope)
        return self._of_webhook(host) if path.startswith(_WEBHOOKS) else self._of_address(host)

    def _made_for_address(self, host: str) -> Wanted:
        subject = neighbourhood(host)
        own = [each.bucket(subject) for each in self._address]
        shared = _on(self._everybody)
        return Wanted([*self._address, *shared], [*own, *(each.bucket("all") for each in shared)])

    def _made_for_webhook(self, host: str) -> Wanted:
        subject = neighbourhood(host)
        return Wanted(self._webhooks, [each.bucket(subject) for each in self._webhooks])

    def _made_for_person(self, person_id: str) -> Wanted:
        return Wanted(self._person, [each.bucket(person_id) for each in self._person])


def _on(*policies: Policy) -> list[Policy]:
    return [policy for policy in policies if policy.quota]


class Counting:
    """What one request took, and what is left."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._taken: list[tuple[Wanted, list[Level]]] = []

    async def take(self, wanted: Wanted) -> None:
        """Raises TooManyRequests."""
        if not wanted.buckets:
            return
        levels = await self._limiter.counters.take_all(wanted.buckets)
        self._taken.append((wanted, levels))
        met = [(policy, one.wait) for policy, one in zip(wanted.policies, levels, strict=True) if one.wait]
        if not met:
            return
        for policy, _ in met:
            self._limiter.refused(policy.name)
        policy, wait = max(met, key=lambda one: one[1])
        raise TooManyRequests(
            f"Too many requests: the limit {policy.name} is {policy.quota} in {policy.window} s. "
            f"Wait {math.ceil(wait)} s, and see RateLimit in each answer for what is left.",
            retry_after=wait,
            violated_policies=[policy.name for policy, _ in met],
        )

    async def by(self, person: Person) -> None:
        await self.take(self._limiter.of_person(person.id))

    def headers(self) -> list[tuple[bytes, bytes]]:
        if not self._taken:
            return []
        policies = ", ".join(wanted.described for wanted, _ in self._taken)
        left = ", ".join(_left(wanted, levels) for wanted, levels in self._taken)
        return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())]


def _left(wanted: Wanted, levels: list[Level]) -> str:
    pairs = zip(wanted.policies, levels, strict=True)
    return ", ".join(f'"{policy.name}";r={level.remaining};t={math.ceil(level.full_in)}' for policy, level in pairs)


async def counted(request: Request, person: Person) -> None:
    """Count this request as this person's, once they are known. Raises TooManyRequests."""
    counting = request.scope.get(_KEY)
    if isinstance(counting, Counting):
        await counting.by(person)


class Rates:
    """Pure ASGI: counts before anything is read or looked up."""

    def __init__(self, app: ASGIApp, limiter: Limiter) -> None:
        self._app = app
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        counting = scope[_KEY] = Counting(self._limiter)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *counting.headers()]
            await send(message)

        try:
            await counting.take(self._limiter.of_request(scope))
        except TooManyRequests as error:
            await _refusal(scope["path"], error)(scope, receive, sending)
            return
        await self._app(scope, receive, sending)


def _refusal(path: str, error: TooManyRequests) -> ASGIApp:
    return problem(
        path,
        status=error.http_status,
        code=error.code,
        detail=error.message,
        details=error.details,
        headers={"Retry-After": str(math.ceil(error.retry_after or 1))},
    )
