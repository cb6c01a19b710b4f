"""What tests of updates share: an integration that serves, an update of it, and how it all looks from outside."""

import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from domain.lifecycle import Operation, Stage
from domain.operations import Rollout, UpdateIntegration, UpdateReason
from domain.registry import Integration, RegistryEntry
from domain.runs import CreateIntegration, RunOutcome
from tests.workflows.world import DOCUMENT, World

AT_ONCE = Rollout(strategy="blue_green", hold=timedelta(milliseconds=100))
ADDED = "Add `GET /cities/{city}`."


def larger() -> dict[str, Any]:
    """The document, with an operation more."""
    document = copy.deepcopy(DOCUMENT)
    answer = {"content": {"application/json": {"schema": {"type": "string"}}}, "description": "ok"}
    where = {"name": "city", "in": "path", "required": True, "schema": {"type": "string"}}
    operation = {"operationId": "getCity", "summary": "Get a city", "parameters": [where], "responses": {"200": answer}}
    document["paths"]["/cities/{city}"] = {"get": operation}  # type: ignore[index]
    return document


async def active(world: World, **changes: Any) -> CreateIntegration:
    """An integration that serves. Needs workers."""
    cmd = await world.request(**changes)
    await world.runs.start_create(cmd)
    assert (await world.ended(cmd)).stage is Stage.ACTIVE
    return cmd


async def update_of(world: World, made: CreateIntegration, words: str = ADDED, **changes: Any) -> UpdateIntegration:
    values = {
        "integration_id": made.integration_id,
        "organization_id": made.organization_id,
        "requester": made.requester,
        "repository": made.repository,
        "issue": await world.issue(),
        "policy": made.policy,
        "budget": made.budget,
        "reason": UpdateReason(title="One city please", words=words),
        "document": await world.document(larger()),
        "rollout": AT_ONCE,
    }
    return UpdateIntegration.model_validate(values | changes)


async def updated(world: World, cmd: UpdateIntegration) -> RunOutcome:
    accepted = await world.runs.start(cmd)
    assert (await world.integrations.get(cmd.integration_id)).run_id == accepted.run_id
    outcome = await world.ended(cmd)
    assert outcome.operation is Operation.UPDATE
    return outcome


@dataclass(frozen=True)
class Serving:
    """What of an integration must not change when an update fails."""

    deployments: list[str]
    live: str | None
    bundles: list[str]
    versions: list[str]
    main: dict[str, str]
    refs: list[str]
    entry: RegistryEntry | None
    row: dict[str, Any]
    answers: Any

    @classmethod
    async def read(cls, world: World, made: CreateIntegration) -> "Serving":
        seen = await world.outside(made)
        row = await world.integrations.get(made.integration_id)
        async with httpx.AsyncClient(trust_env=False) as client:
            document = (await client.get(f"{row.url}/openapi.json")).json()
        return cls(
            deployments=seen.deployments,
            live=seen.live,
            bundles=seen.bundles,
            versions=seen.versions,
            main=await _folder(world, made.request.name or ""),
            refs=sorted((await world.simulators.look("github", "state"))["refs"]),
            entry=await world.integrations.entry(made.integration_id),
            row=_lasting(row),
            answers=[document["info"], sorted(document["paths"])],
        )


async def _folder(world: World, name: str) -> dict[str, str]:
    """The blobs of the integration's folder on the main branch, by path."""
    tree = await world.github("git/trees/main?recursive=1")
    return {
        entry["path"]: entry["sha"]
        for entry in tree["tree"]
        if entry["path"].startswith(f"integrations/{name}/") and entry["type"] == "blob"
    }


def _lasting(row: Integration) -> dict[str, Any]:
    """The row, without what says that something was tried."""
    return row.model_dump(exclude={"run_id", "operation", "failure", "updated_at", "revision"})
