"""What the pods of a deployment wrote, without its secrets. Synchronous."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.kubernetes_target import names, rollouts
from adapters.kubernetes_target.cluster import Cluster, lines
from adapters.workloads import Redaction
from domain.vendors import LogLine

CONTAINERS = ("install", "integration")


@dataclass(frozen=True)
class Entry:
    """A line, and the pod that wrote it. The API does not tell the two streams apart: all is `stdout`."""

    pod: str
    line: LogLine

    @property
    def key(self) -> tuple[str, datetime, str]:
        return (self.pod, self.line.at, self.line.text)


def tail(cluster: Cluster, deployment_id: str, limit: int) -> list[LogLine]:
    """The last lines, oldest first."""
    found = sorted(_entries(cluster, deployment_id, limit=limit), key=lambda entry: entry.line.at)
    return [entry.line for entry in found[-limit:]]


def since(cluster: Cluster, deployment_id: str, at: datetime) -> list[Entry]:
    """The lines from then on, oldest first."""
    said = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return sorted(_entries(cluster, deployment_id, since=said), key=lambda entry: entry.line.at)


def _entries(
    cluster: Cluster, deployment_id: str, *, limit: int | None = None, since: str | None = None
) -> Iterator[Entry]:
    hide = _redaction(cluster, deployment_id)
    for pod in rollouts.pods(cluster, deployment_id):
        for container in CONTAINERS:
            text = cluster.log(pod.metadata.name, container, limit=limit, since=since)
            for at, said in lines(text):
                yield Entry(pod.metadata.name, LogLine(at=_time(at), stream="stdout", text=hide(said)))


def _redaction(cluster: Cluster, deployment_id: str) -> Redaction:
    secret = cluster.get("Secret", names.of(deployment_id)) or {}
    return Redaction(_decoded(str(value)) for value in (secret.get("data") or {}).values())


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode(errors="replace")
    except binascii.Error:
        return ""


def _time(text: str) -> datetime:
    """RFC 3339 with nanoseconds, of which Python keeps six digits."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
