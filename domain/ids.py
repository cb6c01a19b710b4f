"""Identifiers. Every id and workflow id in the system is made here.

Ids are `prefix_` and a UUIDv7 (RFC 9562) in hex, so that they sort by time.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import Annotated

import uuid_utils
from pydantic import StringConstraints

_HEX = r"[0-9a-f]{32}"

IntegrationId = Annotated[str, StringConstraints(pattern=rf"^int_{_HEX}$")]
DeploymentId = Annotated[str, StringConstraints(pattern=rf"^dep_{_HEX}$")]
PersonId = Annotated[str, StringConstraints(pattern=rf"^per_{_HEX}$")]
TestRunId = Annotated[str, StringConstraints(pattern=rf"^tst_{_HEX}$")]
EventId = Annotated[str, StringConstraints(pattern=rf"^evt_{_HEX}$")]
RouteName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,48}[a-z0-9](\.staging)?$")]
"""The name of a stable URL, as `route` makes it."""
ContentHash = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]

PRODUCTION = "production"
DEFAULT_ORGANIZATION = "org_00000000000000000000000000000000"


def new(prefix: str) -> str:
    """A fresh id, such as `int_0192f0c1…`. Not for workflow code: it reads the clock."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"


def derived(prefix: str, source: str, at: datetime) -> str:
    """An id that is the same for the same `source` and `at`, and still sorts by time.

    The 48 bits of time are those of `at`; the random bits are a hash of `source` (UUIDv7's layout, RFC 9562 §5.7).
    """
    millis = int(at.astimezone(UTC).timestamp() * 1000) & (1 << 48) - 1
    noise = int.from_bytes(hashlib.sha256(source.encode()).digest()[:10], "big")
    value = millis << 80 | 0x7 << 76 | (noise >> 68 & 0xFFF) << 64 | 0b10 << 62 | noise & (1 << 62) - 1
    return f"{prefix}_{value:032x}"


def lifecycle_workflow(integration_id: str) -> str:
    """One life-cycle run at a time for one integration: the id makes it so."""
    return f"integration/{integration_id}"


def conversation_workflow(lifecycle_id: str, name: str) -> str:
    return f"{lifecycle_id}/{name}"


def delivery_workflow(source: str, delivery_id: str, attempt: int = 1) -> str:
    """A replay has an id of its own, so that of many who ask for one at once one gets it."""
    return f"webhook/{source}/{delivery_id}" + (f"/replay-{attempt}" if attempt > 1 else "")


def test_workflow(integration_id: str, test_id: str) -> str:
    """Tests run beside life-cycle runs, and beside each other."""
    return f"test/{integration_id}/{test_id}"


def deployment(
    integration_id: str, content_hash: str, environment: str = PRODUCTION, *, beside: str | None = None
) -> str:
    """The id of a version's deployment: the same version deployed again by a retry is the same deployment.

    A version has two in each environment, so that it can be deployed anew beside itself: never the one named `beside`.
    """
    source = f"{integration_id}/{content_hash}" + ("" if environment == PRODUCTION else f"/{environment}")
    first, second = (f"dep_{hashlib.sha256(one.encode()).hexdigest()[:32]}" for one in (source, f"{source}/beside"))
    return second if beside == first else first


def route(name: str, environment: str = PRODUCTION) -> str:
    """The name of a stable URL: the integration's own in production, `NAME.staging` in staging.

    No integration's name has a dot, so none collides.
    """
    return name if environment == PRODUCTION else f"{name}.{environment}"


def routed(name: str) -> str:
    """The integration's name in the name of a stable URL."""
    return name.partition(".")[0]


def slug(text: str, *, limit: int = 40) -> str:
    """A safe name from any text: `[a-z][a-z0-9-]*[a-z0-9]`, at most `limit` characters; `integration` if none."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    words = re.sub(r"^[0-9-]+", "", words)[:limit].strip("-")
    return words if len(words) >= 3 else "integration"
