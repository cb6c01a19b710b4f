"""What was measured in the jail, and what is said of it."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from adapters.validation import programs
from domain.manifest import Manifest
from domain.proving import Measures
from domain.reports import Finding, Kind, Level

TOOL = "measured"
SECONDS = 90.0
_MEASURING_SECONDS = 60.0
_MODULES = ("machine", "samples", "wire", "starting", "driver")
_NO_SECRET = "none"  # noqa: S105

Figure = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(max_length=2000)]


class Latency(BaseModel):
    """Of one route: percentiles by nearest rank, in the best round. `statuses` counts the answers, `none` for none.

    Times are of a clock that stands while a busy machine keeps the integration or the sender from running; `held_back`
    is the share of the time that it stood.
    """

    model_config = ConfigDict(extra="forbid")

    method: Text
    route: Text
    answered: int = Field(ge=0)
    p50_ms: Figure
    p95_ms: Figure
    held_back: float = Field(ge=0, le=1)
    statuses: dict[Text, int] = Field(max_length=20)
    note: Text


class Measured(BaseModel):
    """`requests` in all, `rate` a second and at most `concurrency` at once, to each route. Both times are the least of
    `starts` starts, without what was waited for a processor.
    """

    model_config = ConfigDict(extra="forbid")

    python: Text
    machine: Text
    processors: int
    requests: int
    rate: Figure
    concurrency: int
    starts: int
    import_seconds: Figure | None
    startup_seconds: Figure | None
    memory_mib: Figure
    peak_memory_mib: Figure
    health: Latency | None
    routes: list[Latency] = Field(max_length=100)
    past_base_url: list[Text] = Field(max_length=20)
    said: Text


def order(manifest: Manifest, limits: Measures) -> bytes:
    """What the driver is given: the settings as the runner would give them, with secrets that are none."""
    defaults = {key.name: key.default for key in manifest.configuration if key.default is not None}
    given: dict[str, JsonValue] = {
        "entrypoint": manifest.entrypoint,
        "environment": {**defaults, **{secret.name: _NO_SECRET for secret in manifest.secrets}},
        "health": manifest.health.endpoint,
        "routes": [{"method": one.method, "route": one.route, "example": one.example} for one in manifest.capabilities],
        "seconds": _MEASURING_SECONDS,
        **limits.model_dump(),
    }
    return programs.order(__package__, _MODULES, given)


def judged(measured: Measured, limits: Measures, path: str) -> Iterator[Finding]:
    """What is over a limit is an error; what could not be measured is said. `path` is the entry point's file."""
    if measured.startup_seconds is None or measured.import_seconds is None or measured.health is None:
        said = f" It said: {measured.said.strip()}" if measured.said.strip() else ""
        message = f"the health check did not answer 200: it ended, or took more than {_MEASURING_SECONDS:g} s.{said}"
        yield _finding("not-started", Level.ERROR, path, message, "make the module import and /health answer by itself")
        return
    load = f"with {measured.requests} requests, {measured.rate:g} a second, at most {measured.concurrency} at once,"
    health, routes = measured.health, measured.routes
    figures = [
        ("import-time", "importing it takes", measured.import_seconds, limits.import_seconds, "s", _LESS),
        (
            "startup-time",
            "until /health answers it takes",
            measured.startup_seconds,
            limits.startup_seconds,
            "s",
            _LESS,
        ),
        ("memory", "after the load it holds", measured.memory_mib, limits.memory_mib, "MiB", _MEMORY),
        ("health-latency", f"95 % of /health {load} take", health.p95_ms, limits.health_p95_ms, "ms", _HEALTH),
    ]
    figures += [
        ("route-latency", f"95 % of {_name(one)} {load} take", one.p95_ms, limits.route_p95_ms, "ms", _ROUTE)
        for one in routes
    ]
    for rule, what, value, limit, unit, fix in figures:
        if value > limit:
            message = f"{what} {value:.4g} {unit}; the limit is {limit:g} {unit}"
            yield _finding(rule, Level.ERROR, path, message, fix)
    for one in routes:
        if one.note:
            yield _finding("not-measured", Level.NOTE, path, f"{_name(one)} against a stub of the API: {one.note}", "")
    if measured.past_base_url:
        hosts = ", ".join(measured.past_base_url)
        yield _finding("past-base-url", Level.NOTE, path, f"it called {hosts} although BASE_URL named the stub", _BASE)


_LESS = "do less while modules are imported and the application starts; make what is costly when it is first needed"
_MEMORY = "keep no answers, caches or buffers that grow; read large answers piece by piece"
_HEALTH = "answer /health without calling out and without waiting for anything"
_ROUTE = "use one client for all requests, and await nothing that the answer does not need"
_BASE = "read the base URL from the environment variable BASE_URL, with the manifest's as default"


def _name(one: Latency) -> str:
    return f"{one.method.upper()} {one.route}"


def _finding(rule: str, level: Level, path: str, message: str, fix: str) -> Finding:
    return Finding(kind=Kind.PERFORMANCE, tool=TOOL, rule=rule, level=level, path=path, message=message, fix=fix)
