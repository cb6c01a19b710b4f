"""Figures for Prometheus: what is asked of this process, how long it takes, and what it stands on.

Each process has its own; whoever scrapes adds them up. Labels take few values: routes as they are declared, never
paths as they were sent.
"""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

from api.clients import is_local
from api.problems import documented
from api.services import Wired
from api.settings import EdgeSettings
from domain.errors import NotFound, Unauthenticated
from domain.rates import Connections

router = APIRouter(tags=["health"])

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE = "(none)"
_WEBHOOKS = "/webhooks/"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """`connections` and `shared` are asked at each scrape: the database's pool, and whether counters are shared."""

    def __init__(self, connections: Callable[[], Connections], shared: Callable[[], bool]) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(_Standing(connections, shared))
        self._requests = Counter(
            "ccb_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "ccb_http_request_duration_seconds",
            "From a request's head to the beginning of its answer.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge("ccb_http_requests_in_flight", "Requests under way.", registry=self.registry)
        self._limited = Counter(
            "ccb_rate_limited", "Requests refused, by the limit that they met.", ["limit"], registry=self.registry
        )
        self._repeats = Counter(
            "ccb_repeats",
            "Requests with an Idempotency-Key, by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self._deliveries = Counter(
            "ccb_deliveries",
            "Deliveries of webhooks, by source and answer.",
            ["source", "status"],
            registry=self.registry,
        )

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = _template(scope)
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)
        if method == "POST" and route.startswith(_WEBHOOKS):
            source = route.removeprefix(_WEBHOOKS).partition("/")[0]
            self._deliveries.labels(source, status).inc()

    def limited(self, limit: str) -> None:
        self._limited.labels(limit).inc()

    def repeated(self, outcome: str) -> None:
        self._repeats.labels(outcome).inc()


class _Standing(Collector):
    def __init__(self, connections: Callable[[], Connections], shared: Callable[[], bool]) -> None:
        self._connections = connections
        self._shared = shared

    def collect(self) -> Iterator[Metric]:
        now = self._connections()
        pool = GaugeMetricFamily("ccb_database_connections", "Connections of the pool.", labels=["state"])
        pool.add_metric(["in_use"], now.in_use)
        pool.add_metric(["idle"], now.idle)
        yield pool
        yield GaugeMetricFamily("ccb_database_connections_max", "Connections that the pool may have.", now.most)
        yield GaugeMetricFamily(
            "ccb_counters_shared", "1 if rate limits are counted with the other processes'.", int(self._shared())
        )


def _template(scope: Scope) -> str:
    """The route as it is declared. Nothing else that a client sends becomes a label."""
    route: Any = scope.get("route")
    return str(getattr(route, "path_format", None) or _NO_ROUTE)


@router.get(
    "/metrics",
    responses={
        200: {
            "description": "Prometheus's text format, or OpenMetrics.",
            "content": {
                kind: {"schema": {"type": "string"}} for kind in ("text/plain", "application/openmetrics-text")
            },
        },
        **documented(NotFound),
    },
    response_class=Response,
)
async def read_metrics(request: Request, services: Wired) -> Response:
    """Figures of this process for Prometheus: for this machine, or with the token of `CCB_API_METRICS_TOKEN`."""
    _admit(request, services.edge)
    metrics = request.app.state.metrics
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(metrics.registry), media_type=media_type)


def _admit(request: Request, settings: EdgeSettings) -> None:
    if is_local(request.scope):
        return
    if settings.metrics_token is None:
        raise NotFound("Metrics are for this machine alone; CCB_API_METRICS_TOKEN opens them to others.")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    expected = settings.metrics_token.get_secret_value().encode()
    if scheme.lower() != "bearer" or not secrets.compare_digest(token.encode(), expected):
        raise Unauthenticated("Metrics need the token of CCB_API_METRICS_TOKEN: send `Authorization: Bearer TOKEN`.")
