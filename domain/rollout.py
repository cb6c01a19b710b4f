"""Judging a new deployment against the old one, by what the front of their stable URL saw of both."""

from enum import StrEnum

from domain.base import Data
from domain.operations import Rollout
from domain.vendors import Traffic


class Judged(StrEnum):
    """What the figures say of the new one. `UNKNOWN`: too few requests to say more than that it is healthy."""

    GOOD = "good"
    WORSE = "worse"
    UNKNOWN = "unknown"


class Judgement(Data):
    """What was found, and in words why. `outage`: neither of the two answers, so that a rollout cannot end yet."""

    judged: Judged
    reason: str
    outage: bool = False


def judge(rollout: Rollout, *, old: Traffic, new: Traffic, healthy: bool, old_healthy: bool = True) -> Judgement:
    """Whether the new one is worse than the old, by the limits of `rollout`.

    An old one with too few requests to compare with is taken to have made no errors, and says nothing of latency. Where
    neither is healthy, as while their target starts again, that is no fault of the new one's.
    """
    if not healthy and not old_healthy:
        words = "neither its health check nor the old one's is answered"
        return Judgement(judged=Judged.UNKNOWN, reason=words, outage=True)
    if not healthy:
        return Judgement(judged=Judged.WORSE, reason="its health check fails")
    if new.requests < rollout.requests:
        return Judgement(
            judged=Judged.UNKNOWN, reason=f"{new.requests} requests are too few to judge by ({rollout.requests})"
        )
    known = old.requests >= rollout.requests
    usual = old.errors / old.requests if known else 0.0
    share = new.errors / new.requests
    if share > rollout.errors and share > usual + rollout.errors:
        return Judgement(
            judged=Judged.WORSE, reason=f"{share:.1%} of its requests fail, and {usual:.1%} of the old one's"
        )
    if known and new.p95_ms is not None and old.p95_ms is not None:
        slower = new.p95_ms > rollout.slower * old.p95_ms
        if slower and new.p95_ms > rollout.floor_ms:
            words = f"its 95th percentile is {new.p95_ms:.0f} ms, and the old one's {old.p95_ms:.0f} ms"
            return Judgement(judged=Judged.WORSE, reason=words)
    return Judgement(judged=Judged.GOOD, reason=f"{share:.1%} of {new.requests} requests fail")
