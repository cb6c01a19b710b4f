"""The end of an integration: announced, taken back, refused while it is needed; then nothing of it is left outside."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from adapters.database import SecretsSettings, SqlSecrets
from adapters.database.tables import integrations
from domain import ids
from domain.errors import Conflict, DependencyUnmet, InvalidInput, StillNeeded
from domain.lifecycle import Stage
from domain.operations import DeployVersion, DeprecateIntegration, RetireIntegration, UndeprecateIntegration
from domain.plan import Dependency
from domain.registry import RegistryEntry
from domain.runs import Abandon, CreateIntegration, RunOutcome, Work
from tests.environ import settings_from
from tests.until import until
from tests.workflows.deployable import two
from tests.workflows.world import Failing, World

SUNSET = datetime.now(UTC).replace(microsecond=0) + timedelta(days=90)
LINK = "https://example.com/why"
Command = TypeVar("Command", bound=Work)


async def an_active_one(world: World) -> CreateIntegration:
    cmd = await world.request()
    async with world.workers():
        await world.runs.start_create(cmd)
        assert (await world.ended(cmd)).stage is Stage.ACTIVE
    return cmd


def on(cmd: CreateIntegration, kind: type[Command], **details: Any) -> Command:
    """A command of this kind about the same integration."""
    shared = cmd.model_dump(include={"integration_id", "organization_id", "requester", "repository", "issue"})
    return kind.model_validate(shared | {"reason": "nobody needs cities"} | details)


async def done(world: World, cmd: Any) -> RunOutcome:
    await world.runs.start(cmd)
    return await world.ended(cmd)


async def headers(url: str | None) -> dict[str, str]:
    """What the stable URL announces."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{url}/health")
    assert answer.status_code == 200
    return {name: answer.headers[name] for name in ("deprecation", "sunset", "link") if name in answer.headers}


async def a_dependent(
    world: World, on_name: str, version_range: str = ">=1,<2", *, named: str | None = None
) -> RegistryEntry:
    """Another integration in the registry, which needs this one."""
    cmd = await world.request()
    await world.integrations.accept(cmd, workflow_id=ids.lifecycle_workflow(cmd.integration_id), run_id="r")
    mine = await world.integrations.catalogue(cmd.organization_id, limit=200)
    needed = next(entry for entry in mine if entry.name == on_name)
    entry = needed.model_copy(
        update={
            "integration_id": cmd.integration_id,
            "name": named or cmd.request.name,
            "version": "1.0.0",
            "deployment_id": ids.new("dep"),
            "dependencies": [Dependency(name=on_name, version_range=version_range)],
            "registered_at": None,
        }
    )
    await world.integrations.register(entry)
    return entry


def secrets_of(world: World) -> SqlSecrets:
    with settings_from(world.environment):
        return SqlSecrets(world.integrations._db, SecretsSettings())


async def titles(world: World, cmd: CreateIntegration) -> list[str]:
    """All that was said in the channel about the integration, message by message."""
    return [json.dumps(message, ensure_ascii=False) for message in (await world.outside(cmd)).messages]


async def test_a_whole_end(world: World) -> None:
    cmd = await an_active_one(world)
    name = cmd.request.name or ""
    row = await world.integrations.get(cmd.integration_id)
    dependent = await a_dependent(world, name)
    await secrets_of(world).put(cmd.integration_id, "API_TOKEN", SecretStr("of no use later"))
    async with world.workers():
        with pytest.raises(InvalidInput, match="past"):
            await world.runs.start(on(cmd, DeprecateIntegration, sunset_at=datetime(2020, 1, 1, tzinfo=UTC)))
        assert await headers(row.url) == {}

        outcome = await done(world, on(cmd, DeprecateIntegration, sunset_at=SUNSET, link=LINK))
        assert (outcome.stage, outcome.failure) == (Stage.DEPRECATED, None)
        said = await headers(row.url)
        assert abs(int(said["deprecation"].removeprefix("@")) - datetime.now(UTC).timestamp()) < 300
        assert (said["sunset"], said["link"]) == (
            SUNSET.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            f'<{LINK}>; rel="deprecation"',
        )
        told = await titles(world, cmd)
        assert len(told) == 3, "the message of its creation, one to owners and one to dependents"
        assert sum(dependent.name in one for one in told) == 1
        assert sum(f"{name} 1.0.0 is deprecated" in one for one in told) == 2
        assert len((await world.outside(cmd)).comments) == 1
        assert "nobody needs cities" in (await world.outside(cmd)).comments[0]
        with pytest.raises(Conflict, match="deprecated"):
            await world.runs.start(on(cmd, DeprecateIntegration))

        with pytest.raises(StillNeeded, match="announced to serve until"):
            await world.runs.start(on(cmd, RetireIntegration))
        outcome = await done(world, on(cmd, UndeprecateIntegration))
        assert (outcome.stage, outcome.failure) == (Stage.ACTIVE, None)
        assert await headers(row.url) == {}

        async with httpx.AsyncClient(trust_env=False) as somebody:
            await somebody.get(f"{row.url}/cities")
        events = len(await world.integrations.events(cmd.integration_id))
        with pytest.raises(StillNeeded) as refused:
            await world.runs.start(on(cmd, RetireIntegration))
        assert dependent.name in refused.value.message
        assert "requests in the last" in refused.value.message
        assert refused.value.details["dependents"] == [dependent.name]
        assert len(await world.integrations.events(cmd.integration_id)) == events
        assert (await world.outside(cmd)).live is not None

        outcome = await done(world, on(cmd, RetireIntegration, forced=True))
        status = await world.runs.status(cmd.integration_id)
        assert await world.untold(ids.lifecycle_workflow(cmd.integration_id)) == []
    assert (outcome.stage, outcome.failure, outcome.url) == (Stage.RETIRED, None, None)
    assert status.untold == []
    await _nothing_is_left(world, cmd, row.url)
    audited = [(one.action, one.detail) for one in await world.integrations.audit(cmd.integration_id)]
    assert ("integration.retire", "forced: nobody needs cities") in audited
    assert sum("is retired" in one for one in await titles(world, cmd)) == 2
    again = await world.request()
    again = again.model_copy(update={"request": again.request.model_copy(update={"name": name})})
    await world.integrations.accept(again, workflow_id="w", run_id="r")
    with pytest.raises(DependencyUnmet, match=f"needs {name} >=1,<2, and there is none"):
        await world.integrations.register(dependent.model_copy(update={"version": "1.0.1"}))


async def _nothing_is_left(world: World, cmd: CreateIntegration, url: str | None) -> None:
    seen = await world.outside(cmd)
    assert (seen.live, seen.deployments, seen.registered, seen.files_on_main) == (None, [], False, [])
    assert await secrets_of(world).names(cmd.integration_id) == []
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/health")).status_code == 404
    assert (seen.versions, len(seen.bundles)) == (["1.0.0"], 1)
    assert await world.artifacts.read(seen.bundles[0])
    (version,) = await world.integrations.versions(cmd.integration_id)
    assert version.tests is not None
    assert await world.artifacts.get(version.tests)
    row = await world.integrations.get(cmd.integration_id)
    assert (row.stage, row.name, row.url) == (Stage.RETIRED, cmd.request.name, None)


@pytest.fixture(scope="module")
async def active(world: World) -> CreateIntegration:
    """One integration for all who leave it as it was."""
    return await an_active_one(world)


def to(stage: Stage) -> Any:
    return lambda entered: entered.stage is stage and not entered.returning


async def test_what_needs_others_waits_until_they_are_there(world: World, active: CreateIntegration) -> None:
    """Nothing is deployed before what it needs, and nobody has to start it again."""
    name = active.request.name or ""
    later = f"later-{ids.new('x')[-10:]}"
    cmd = await world.request(f"[simulate: one-turn] [simulate: needs {name} ~=1.0] [simulate: needs {later} >=1.2]")
    since = await world.simulators.last("github")
    async with world.workers():
        await world.runs.start_create(cmd)
        waiting = (await world.reaches(cmd, Stage.DEPLOYING, waiting=True)).waiting
        assert waiting is not None
        assert waiting.what == f"{later} >=1.2, and there is none"
        assert not any(entry.path.endswith("/merge") for entry in await world.simulators.journal("github", since=since))
        needed = await a_dependent(world, name, named=later)
        await until(partial(_waits_for, world, cmd, f"{later} >=1.2, and 1.0.0 is what serves"))
        assert (await world.outside(cmd)).deployments == []
        await world.integrations.register(needed.model_copy(update={"version": "1.2.0"}))
        outcome = await world.ended(cmd)
    for each in (cmd, needed):  # what others are tested on is free again
        await world.integrations.withdraw(each.integration_id, actor=active.requester)
    assert (outcome.stage, outcome.failure) == (Stage.ACTIVE, None)


async def _waits_for(world: World, cmd: CreateIntegration, what: str) -> bool | None:
    waiting = (await world.runs.status(cmd.integration_id)).waiting
    return True if waiting is not None and waiting.what == what else None


async def test_what_is_needed_and_never_comes_is_named_and_all_is_undone(world: World) -> None:
    cmd = await world.request("[simulate: one-turn] [simulate: needs no-such-thing ==1.*]")
    async with world.workers():
        await world.runs.start_create(cmd)
        await world.reaches(cmd, Stage.DEPLOYING, waiting=True)
        await world.fast_forward(cmd, timedelta(days=15))
        outcome = await world.ended(cmd)
    assert outcome.failure is not None
    assert outcome.failure.error.code == "dependency_unmet"
    assert "it needs no-such-thing ==1.*, and there is none" in outcome.failure.error.message
    seen = await world.outside(cmd)
    assert (seen.deployments, seen.bundles, seen.registered) == ([], [], False)


async def test_what_others_cannot_do_with_is_refused_at_once(world: World, active: CreateIntegration) -> None:
    name = active.request.name or ""
    other = await a_dependent(world, name, "~=1.0")
    before = await world.outside(active)
    await world.integrations.register(
        other.model_copy(update={"dependencies": [Dependency(name=name, version_range="<1")]}), forced=True
    )
    async with world.workers():
        outcome = await done(world, on(active, DeployVersion, version="1.0.0"))
    await world.integrations.withdraw(other.integration_id, actor=active.requester)
    assert outcome.failure is not None
    assert f"{other.name} 1.0.0 needs {name} <1" in outcome.failure.error.message
    assert (await world.outside(active)).deployments == before.deployments
    assert (await world.integrations.get(active.integration_id)).stage is Stage.ACTIVE


async def test_what_fails_on_the_way_back_is_announced_again(world: World, active: CreateIntegration) -> None:
    url = (await world.integrations.get(active.integration_id)).url
    async with world.workers(Failing("integration.enter", only=to(Stage.ACTIVE))):
        assert (await done(world, on(active, DeprecateIntegration, sunset_at=SUNSET))).stage is Stage.DEPRECATED
        before = await headers(url)
        outcome = await done(world, on(active, UndeprecateIntegration))
    assert outcome.failure is not None
    assert [undo.step for undo in outcome.failure.undone] == ["deprecation", "notice"]
    assert before == await headers(url) != {}
    assert (await world.integrations.get(active.integration_id)).stage is Stage.DEPRECATED
    async with world.workers():
        assert (await done(world, on(active, UndeprecateIntegration))).stage is Stage.ACTIVE
    assert await headers(url) == {}


async def test_what_failed_is_retired_without_touching_who_bears_its_name_now(world: World) -> None:
    failed, store = await world.request(), world.integrations
    await store.accept(failed, workflow_id=ids.lifecycle_workflow(failed.integration_id), run_id="r")
    await store.enter(failed.integration_id, Stage.FAILED, key="failed", detail="it failed")
    async with world.workers():
        it = await two(world)
    async with store._db.write() as connection:
        mine = integrations.c.id == failed.integration_id
        await connection.execute(update(integrations).where(mine).values(name=it.name))
    before = await it.standing()
    async with world.workers(Failing("retirement.read_archive")):
        outcome = await done(world, on(failed, RetireIntegration))
    assert outcome.failure is not None
    assert (await store.get(failed.integration_id)).stage is Stage.FAILED
    async with world.workers():
        outcome = await done(world, on(failed, RetireIntegration))
    assert (outcome.stage, outcome.failure) == (Stage.RETIRED, None)
    assert await it.standing() == before


UNROUTED = ["route NAME", "registry entry"]
UNDONE: list[tuple[type[Work], Failing, list[str]]] = [
    (DeprecateIntegration, Failing("retirement.announce", "after", only=lambda c: c.notice is not None), ["notice"]),
    (DeprecateIntegration, Failing("integration.record_deprecation", "after"), ["deprecation", "notice"]),
    (DeprecateIntegration, Failing("integration.enter", only=to(Stage.DEPRECATED)), ["deprecation", "notice"]),
    (RetireIntegration, Failing("retirement.read_archive"), []),
    (RetireIntegration, Failing("integration.withdraw", "after"), ["registry entry"]),
    (RetireIntegration, Failing("retirement.point_route", "before", only=lambda c: c.to is None), UNROUTED),
    (RetireIntegration, Failing("retirement.point_route", "after", only=lambda c: c.to is None), UNROUTED),
]


@pytest.mark.parametrize(
    ("kind", "failing", "undone"), UNDONE, ids=[f"{kind.__name__}-{f.step}-{f.when}" for kind, f, _ in UNDONE]
)
async def test_what_fails_on_the_way_is_undone(
    world: World, active: CreateIntegration, kind: type[Work], failing: Failing, undone: list[str]
) -> None:
    before = await world.outside(active)
    async with world.workers(failing):
        outcome = await done(world, on(active, kind))
    assert failing.times > 0, "the step was never taken"
    assert outcome.failure is not None
    named = [step.replace("NAME", active.request.name or "") for step in undone]
    assert [(undo.step, undo.ok) for undo in outcome.failure.undone] == [(step, True) for step in named]
    after = await world.outside(active)
    for field in ("live", "deployments", "registered", "files_on_main", "bundles", "versions"):
        assert getattr(after, field) == getattr(before, field), field
    row = await world.integrations.get(active.integration_id)
    assert row.stage is Stage.ACTIVE
    assert f"{failing.step} is broken here" in (row.failure or "")
    assert await headers(row.url) == {}


async def test_what_cannot_be_taken_away_is_named_and_the_rest_is_gone(world: World, active: CreateIntegration) -> None:
    """There is no way back by then: the run ends retired, and says what is left."""
    before = await world.outside(active)
    async with world.workers(Failing("deploy.stop"), Failing("repository.remove_folder")):
        outcome = await done(world, on(active, RetireIntegration))
        status = await world.runs.status(active.integration_id)
    assert (outcome.stage, outcome.failure) == (Stage.RETIRED, None)
    left = [f"deployment {before.live}", f"folder integrations/{active.request.name}"]
    assert [one.step for one in status.untold] == left
    seen = await world.outside(active)
    assert (seen.live, seen.deployments, seen.registered) == (None, before.deployments, False)
    assert seen.files_on_main == before.files_on_main
    assert all(one in seen.comments[0] for one in left)
    assert any("Could not be taken away" in one for one in await titles(world, active))
    with pytest.raises(Conflict):
        await world.runs.abandon(active.integration_id, Abandon(by=active.requester, reason="too late"))
