"""Integrations that exist already, with versions to deploy: made by the product's ports, without talking to Claude.

A version is a small service with a verdict by the world's own key: what differs is how it answers.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx

from activities.store import save_files
from adapters.attestation.envelopes import DsseSigner
from adapters.database import SqlDeployments
from adapters.packages import Packages, PackageSettings
from domain import ids, manifest
from domain.artifacts import files_hash
from domain.bundle import Bundle
from domain.deployments import Deployment
from domain.lifecycle import Stage
from domain.manifest import REQUIREMENTS
from domain.operations import DeployVersion, Environment, Rollout
from domain.packages import Lock
from domain.plan import ConfigurationKey, Plan
from domain.registry import Integration, Version
from domain.runs import Work
from tests import proofs
from tests.workflows.talking import database
from tests.workflows.world import World, settings_from

Command = TypeVar("Command", bound=Work)

GOOD = 'return {"version": VERSION, "greeting": os.environ["GREETING"]}'
BROKEN = 'return JSONResponse({"version": VERSION}, status_code=500)'
SLOW = f"await asyncio.sleep(0.4)\n    {GOOD}"

QUICK = Rollout(hold=timedelta(seconds=2), requests=10)
"""Long enough for the requests of a test to say something."""

APP = """import asyncio
import os

from fastapi import FastAPI
from fastapi.responses import JSONResponse

VERSION = "{version}"
app = FastAPI()


@app.get("/health")
async def health():
    return {{"status": "ok"}}


@app.get("/answer")
async def answer():
    {body}
"""


@dataclass
class Deployable:
    """An integration that is active, with nothing deployed yet."""

    world: World
    integration: Integration
    lock: Lock

    @property
    def name(self) -> str:
        return self.integration.name or ""

    @classmethod
    async def make(cls, world: World) -> "Deployable":
        cmd = await world.request(issue=None)
        store = world.integrations
        await store.accept(cmd, workflow_id=ids.lifecycle_workflow(cmd.integration_id), run_id="none")
        for stage in (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING, Stage.DEPLOYING, Stage.ACTIVE):
            await store.enter(cmd.integration_id, stage, key=f"made/{stage}")
        with settings_from(world.environment):
            packages = Packages(Path(world.environment["CCB_DATA_DIR"]) / "packages", PackageSettings())
        return cls(world, await store.get(cmd.integration_id), await packages.lock(REQUIREMENTS))

    async def version(self, number: str, body: str = GOOD) -> Version:
        """Record a version that answers as `body` says, proven and sealed."""
        greeting = ConfigurationKey(name="GREETING", description="What to say.", default=f"hello from {number}")
        made = proofs.manifest(name=self.name, version=number, configuration=[greeting])
        files = {
            manifest.PATH: manifest.render(made),
            "cities_integration/__init__.py": "",
            "cities_integration/app.py": APP.format(version=number, body=body),
        }
        parts = proofs.unsigned(files, name=self.name, version=number, lock=self.lock)
        said = proofs.statement(parts, name=self.name, version=number)
        verdict = DsseSigner(self.world.environment["CCB_SIGNING_KEY"]).sign(said)
        version = await self._stored(number, Bundle(files, parts.checks, parts.tests, parts.sbom, parts.lock, verdict))
        await self.world.integrations.record_version(version, key=f"made/{number}")
        return version

    async def _stored(self, number: str, parts: Bundle) -> Version:
        async def put(data: bytes) -> Any:
            return await self.world.artifacts.put(data, "application/octet-stream")

        plan = Plan.model_validate(
            {
                **proofs.manifest(name=self.name).model_dump(include={"name", "base_url", "capabilities", "hosts"}),
                "summary": "Lists cities.",
                "acceptance": ["It lists cities."],
            }
        )
        return Version(
            integration_id=self.integration.id,
            version=number,
            content_hash=files_hash(parts.files),
            files=await save_files(self.world.artifacts, dict(parts.files)),
            plan=await put(plan.model_dump_json().encode()),
            checks=await put(parts.checks),
            tests=await put(parts.tests),
            sbom=await put(parts.sbom),
            lock=await put(parts.lock),
            verdict=await put(parts.verdict),
        )

    def deploy(self, number: str, **changes: Any) -> DeployVersion:
        row = self.integration
        return DeployVersion.model_validate(
            {
                "integration_id": row.id,
                "organization_id": row.organization_id,
                "requester": row.requester,
                "repository": row.repository,
                "version": number,
                "tests": False,
                "rollout": QUICK,
                **changes,
            }
        )

    async def deployed(self, number: str, **changes: Any) -> Any:
        """Deploy it and wait for the run's outcome."""
        cmd = self.deploy(number, **changes)
        await self.world.runs.start(cmd)
        return await self.world.ended(cmd)

    def command(self, kind: type[Command], **details: Any) -> Command:
        """Another command about it, such as RetireIntegration."""
        row = self.integration.model_dump(include={"organization_id", "requester", "repository"})
        return kind.model_validate(row | {"integration_id": self.integration.id, "reason": "no use"} | details)

    async def ended(self, cmd: Any) -> Any:
        """Run it and wait for the outcome."""
        await self.world.runs.start(cmd)
        return await self.world.ended(cmd)

    def url(self, environment: Environment = Environment.PRODUCTION) -> str:
        return f"{self.world.environment['CCB_RUNNER_URL']}/i/{ids.route(self.name, environment)}"

    async def answer(self, environment: Environment = Environment.PRODUCTION) -> Any:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            answer = await client.get(f"{self.url(environment)}/answer")
        return answer.json() if answer.is_success else answer.status_code

    async def row(self) -> Integration:
        return await self.world.integrations.get(self.integration.id)

    async def deployments(self) -> list[Deployment]:
        async with database(self.world) as db:
            return await SqlDeployments(db).of(self.integration.id)

    async def states(self) -> set[tuple[str, str, str]]:
        """Of each deployment that is noted: version, environment, state."""
        return {(one.version, one.environment.value, one.state.value) for one in await self.deployments()}

    async def running(self) -> list[str]:
        """The deployments that the runner has, by version, as it says itself."""
        headers = {"Authorization": f"Bearer {self.world.environment['CCB_RUNNER_KEY']}"}
        async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
            found = (await client.get(f"{self.world.environment['CCB_RUNNER_URL']}/deployments")).json()
        return sorted(one["version"] for one in found if one["name"] == self.name)

    async def standing(self) -> dict[str, Any]:
        """Everything of it that a run which is undone has to leave as it was."""
        entry = await self.world.integrations.entry(self.integration.id)
        row = await self.row()
        return {
            "live": await self.world.target.live(self.name),
            "staging": await self.world.target.live(ids.route(self.name, Environment.STAGING)),
            "running": await self.running(),
            "answer": await self.answer(),
            "entry": entry and entry.model_dump(mode="json"),
            "row": (row.stage, row.version, row.url),
            "versions": [one.version for one in await self.world.integrations.versions(row.id)],
            "bundles": [key for key in await self.world.artifacts.published() if row.id in key],
        }


async def two(world: World, *, body: str = GOOD) -> Deployable:
    """1.0.0 serves in production, and 1.1.0, which answers as `body` says, is recorded."""
    it = await Deployable.make(world)
    await it.version("1.0.0")
    await it.version("1.1.0", body)
    assert (await it.deployed("1.0.0")).stage is Stage.ACTIVE
    return it


@dataclass
class Load:
    """Requests one after another, over kept connections and fresh ones: status and version of each answer."""

    url: str
    answers: list[tuple[int, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    going: bool = True

    async def ask(self, client: httpx.AsyncClient) -> None:
        while self.going:
            try:
                answer = await client.get(f"{self.url}/answer")
                said = answer.json()
            except (httpx.HTTPError, json.JSONDecodeError) as error:
                self.answers.append((0, repr(error)))
            else:
                self.answers.append((answer.status_code, said.get("version", "")))
            self.times.append(time.monotonic())
            await asyncio.sleep(0.01)

    @property
    def failed(self) -> list[tuple[int, str]]:
        return [one for one in self.answers if one[0] != 200]

    def seconds(self, version: str) -> float:
        """How long this version was answering."""
        at = [at for at, (_, answered) in zip(self.times, self.answers, strict=True) if answered == version]
        return max(at) - min(at)

    @property
    def versions(self) -> set[str]:
        return {version for _, version in self.answers}


@asynccontextmanager
async def loaded(url: str) -> AsyncIterator[Load]:
    """Six clients ask without a pause meanwhile."""
    load = Load(url)
    fresh = httpx.Limits(max_keepalive_connections=0)
    async with (
        httpx.AsyncClient(timeout=30, trust_env=False) as kept,
        httpx.AsyncClient(timeout=30, trust_env=False, limits=fresh) as new,
    ):
        askers = [asyncio.create_task(load.ask(client)) for client in (kept, new) * 3]
        try:
            yield load
        finally:
            load.going = False
            await asyncio.gather(*askers)
