"""What was measured, for people and for programs."""

import os
from statistics import median

from benchmarks.scale.growth import exponent, slope
from benchmarks.scale.measure import AtOnce, Long, Measured, Waiting
from benchmarks.scale.sweeps import Sweep

Figure = float | int | None | list[list[float | None]]


def figures(found: Measured) -> dict[str, Figure]:
    """The named figures. Exponents are over all sizes measured; 1 is linear."""
    named: dict[str, Figure] = {"processors": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    if found.at_once:
        named |= _at_once(found.at_once)
    if found.waiting is not None:
        named |= _waiting(found.waiting)
    if found.long is not None:
        named |= _long(found.long)
    if found.sweeps:
        named |= _sweeps(found.sweeps)
    lost = [each.lost for each in found.at_once] + [each.missed for each in found.sweeps]
    lost += [each.lost for each in (found.waiting, found.long) if each is not None]
    named["runs_lost_or_stuck"] = sum(lost)
    return named


def _at_once(found: list[AtOnce]) -> dict[str, Figure]:
    largest = found[-1]
    return {
        "at_once": [[each.runs, round(each.seconds, 2), _quantile(each.ended, 0.99)] for each in found],
        "runs_per_minute": round(60 * largest.runs / largest.seconds, 1),
        "accepted_p99_s": _quantile(largest.accepted, 0.99),
        "seconds_exponent": exponent([(each.runs, each.seconds) for each in found]),
    }


def _waiting(found: Waiting) -> dict[str, Figure]:
    within = [point for point in found.rss_mb if point[0] <= found.cached]
    return {
        "waiting": [[runs, mb] for runs, mb in found.rss_mb],
        "waiting_cached": found.cached,
        "waiting_mb_a_run": slope(found.rss_mb),
        "waiting_mb_a_cached_run": slope(within),
        "waiting_exponent": exponent(found.rss_mb),
        "waiting_approved_s": round(median(found.approved), 3) if found.approved else None,
    }


def _long(found: Long) -> dict[str, Figure]:
    return {
        "long_wait": [
            [days, events, size] for days, events, size in zip(found.days, found.events, found.size, strict=True)
        ],
        "long_wait_events": found.events[-1],
        "long_wait_bytes": found.size[-1],
        "long_wait_events_a_day": slope(list(zip(found.days, found.events, strict=True))),
        "long_wait_exponent": exponent(list(zip(found.days, found.events, strict=True))),
    }


def _sweeps(found: list[Sweep]) -> dict[str, Figure]:
    last = found[-1]
    return {
        "sweeps": [[each.integrations, each.seconds, each.events] for each in found],
        "sweep_s": last.seconds,
        "sweep_events_a_check": round(last.events / last.integrations, 4),
        "sweep_exponent": exponent([(each.integrations, each.seconds) for each in found]),
    }


def _quantile(values: list[float], part: float) -> float | None:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 3) if ordered else None


def text(found: Measured) -> str:
    return "\n".join(f"{name:26} {value}" for name, value in figures(found).items())
