"""What failed runs leave behind, and the way of a failed integration back to work."""

from datetime import UTC, datetime

import pytest

from adapters.database import SqlCheckpoints, SqlIntegrations
from domain.artifacts import ArtifactRef, content_hash
from domain.checkpoints import Checkpoint, Kept, Writing
from domain.conversation import Budget
from domain.errors import Conflict, NameTaken
from domain.lifecycle import Operation, Stage
from domain.operations import DeployVersion
from domain.runs import CreateIntegration
from domain.steps import BeginRun

RUN = {"workflow_id": "integration/x", "run_id": "r1"}
REF = ArtifactRef(hash=content_hash(b"x"), size=1)


def reached(cmd: CreateIntegration, run_id: str) -> Checkpoint:
    return Checkpoint(
        integration_id=cmd.integration_id,
        run_id=run_id,
        operation=Operation.CREATE,
        stage=Stage.TESTING,
        at=datetime.now(UTC),
        account="integration/x/r1",
        budget=Budget(),
        writing=Writing(plan=REF, conversation=REF, workspace=REF, unanswered=False),
    )


async def test_the_newest_is_kept_with_its_command(db, requested):
    store, cmd = SqlCheckpoints(db), requested(name="weather")
    await SqlIntegrations(db).accept(cmd, **RUN)
    assert await store.find(cmd.integration_id) is None
    first = Kept(work=cmd, checkpoint=reached(cmd, "r1"))
    await store.save(first)
    await store.save(first)
    assert await store.find(cmd.integration_id) == first
    of_work = cmd.model_dump(exclude={"request"})
    second = Kept(work=DeployVersion(**of_work, version="1.0.0"), checkpoint=reached(cmd, "r2"))
    await store.save(second)
    assert await store.find(cmd.integration_id) == second


async def test_one_that_failed_begins_again_once_if_its_name_is_free(db, requested):
    store, cmd = SqlIntegrations(db), requested(name="weather")
    await store.accept(cmd, **RUN)
    begin = BeginRun(
        integration_id=cmd.integration_id,
        operation=Operation.CREATE,
        requester=cmd.requester,
        workflow_id="integration/x",
        run_id="r2",
        of=[Stage.FAILED],
        stage=Stage.TESTING,
    )
    with pytest.raises(Conflict, match="failed"):
        await store.begin(begin)
    await store.enter(cmd.integration_id, Stage.FAILED, key="end", detail="broken")
    other = requested(name="weather")
    await store.accept(other, **RUN)
    with pytest.raises(NameTaken):
        await store.begin(begin)
    failed = await store.get(cmd.integration_id)
    assert (failed.stage, failed.run_id, failed.failure) == (Stage.FAILED, "r1", "broken")
    await store.enter(other.integration_id, Stage.FAILED, key="end", detail="broken too")
    for _ in range(2):
        begun = await store.begin(begin)
        assert (begun.stage, begun.run_id, begun.failure, begun.name) == (Stage.TESTING, "r2", None, "weather")
    with pytest.raises(NameTaken):
        await store.accept(requested(name="weather"), **RUN)
    events = await store.events(cmd.integration_id)
    assert [event.type for event in events].count("integration.run_started") == 1
