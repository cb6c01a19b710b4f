"""What requests were like, from the front's log."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from domain.vendors import Traffic


class _Line(BaseModel):
    """What `gate` says of a request. `ts` is in seconds since the epoch; `ms` is None if there was no answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    deployment: str
    ts: float
    path: str
    ms: float | None
    failed: bool


def traffic(lines: Iterable[str], deployment_id: str, *, health: str, seconds: float) -> Traffic:
    """Those that reached the deployment by a stable URL; those for its health check are ours."""
    found = [line for line in map(_line, lines) if line and line.deployment == deployment_id and line.path != health]
    latencies = sorted(line.ms for line in found if line.ms is not None)
    return Traffic(
        seconds=seconds,
        requests=len(found),
        errors=sum(line.failed for line in found),
        p50_ms=_percentile(latencies, 50),
        p95_ms=_percentile(latencies, 95),
        p99_ms=_percentile(latencies, 99),
        last_request_at=max((datetime.fromtimestamp(line.ts, UTC) for line in found), default=None),
    )


def _line(text: str) -> _Line | None:
    """None for what is no request's line."""
    try:
        return _Line.model_validate_json(text)
    except ValidationError:
        return None


def _percentile(latencies: list[float], percent: int) -> float | None:
    """By nearest rank."""
    return latencies[math.ceil(len(latencies) * percent / 100) - 1] if latencies else None
