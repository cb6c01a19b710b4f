"""Many integrations, each with a version and its entry in the registry, as the product writes them."""

import json
from datetime import UTC, datetime
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from domain import ids
from domain.artifacts import ArtifactRef, content_hash
from domain.manifest import HealthCheck
from domain.people import Actor, Channel
from domain.plan import Capability, OperationUse
from domain.registry import RegistryEntry, Version

_HASH: Final = content_hash(b"measured")
_REF: Final = ArtifactRef(hash=_HASH, size=1)
_NAMED: Final = "measured-{number:06d}"
_INTEGRATIONS = """INSERT INTO integrations (id, organization_id, name, sort_name, title, stage, workflow_id, run_id,
operation, under_way, requester, repository, version, url, owner, owner_name, created_at, updated_at, revision,
last_sequence)
SELECT each.id, $2, each.name, each.name, 'Measured ' || each.name, 'active', 'integration/' || each.id, each.id,
'create', false, $3::json, 'acme/integrations', '1.0.0', 'http://127.0.0.1:1/i/' || each.name, 'api:ada', 'ada',
$4::timestamptz + each.place * interval '1 second', $4, 1, 1
FROM unnest($1::text[], $5::text[]) WITH ORDINALITY AS each (id, name, place)"""
_VERSIONS = """INSERT INTO versions (integration_id, version, content_hash, created_at, document)
SELECT id, '1.0.0', $1, created_at, replace($2, $3, id)::json FROM integrations"""
_ENTRIES = """INSERT INTO registry (integration_id, version, name, is_current, registered_at, document)
SELECT id, '1.0.0', name, true, created_at, replace(replace($1, $2, id), $3, name)::json FROM integrations"""


async def registered(connection: asyncpg.Connection, count: int) -> list[str]:
    """Their ids."""
    made = [ids.new("int") for _ in range(count)]
    names = [_NAMED.format(number=number) for number in range(count)]
    asker = Actor(channel=Channel.API, name="ada").model_dump_json()
    now = datetime.now(UTC)
    await connection.execute(_INTEGRATIONS, made, ids.DEFAULT_ORGANIZATION, asker, now, names, timeout=300)
    stencil, named = ids.new("int"), _NAMED.format(number=999_999_999)
    await connection.execute(_VERSIONS, _HASH, _version(stencil), stencil, timeout=300)
    await connection.execute(_ENTRIES, _entry(stencil, named), stencil, named, timeout=300)
    return made


def _version(integration_id: str) -> str:
    made = Version(integration_id=integration_id, version="1.0.0", content_hash=_HASH, files=_REF, plan=_REF)
    return made.model_dump_json(exclude={"created_at"})


def _entry(integration_id: str, name: str) -> str:
    use = OperationUse(method="get", path="/v1/weather", purpose="Read")
    reads = Capability(
        name="weather.read", description="Read the weather", method="get", route="/weather", operation=use
    )
    made = RegistryEntry(
        integration_id=integration_id,
        name=name,
        version="1.0.0",
        description="Weather",
        author="ada",
        dependencies=[],
        capabilities=[reads],
        hosts=["example.com"],
        health=HealthCheck(),
        url=f"http://127.0.0.1:1/i/{name}",
        deployment_id=ids.deployment(integration_id, _HASH),
        content_hash=_HASH,
    )
    return json.dumps(json.loads(made.model_dump_json(exclude={"registered_at"})))
