"""What an update writes: its beginning, once for each request; and notes about versions."""

from datetime import UTC, datetime

import pytest

from adapters.database import SqlIntegrations
from domain.artifacts import ArtifactRef, content_hash
from domain.errors import Conflict, NotFound
from domain.lifecycle import Operation, Stage
from domain.people import Actor, Channel
from domain.registry import Annotation, Version
from domain.steps import BeginRun

REF = ArtifactRef(hash=content_hash(b"x"), size=1)
GRACE = Actor(channel=Channel.CLI, name="grace")


async def test_a_request_begins_one_run_however_often_it_is_made(db, requested):
    store, cmd = SqlIntegrations(db), requested(name="weather")
    await store.accept(cmd, workflow_id="integration/x", run_id="r1")
    begin = BeginRun(
        integration_id=cmd.integration_id,
        operation=Operation.UPDATE,
        requester=GRACE,
        workflow_id="integration/x",
        run_id="r2",
        of=[Stage.REQUESTED],
        request_key="mine",
    )
    assert (await store.begin(begin)).run_id == "r2"
    assert (await store.begin(begin)).run_id == "r2"
    with pytest.raises(Conflict) as refused:
        await store.begin(begin.model_copy(update={"run_id": "r3"}))
    assert refused.value.details["run_id"] == "r2"
    assert (await store.begin(begin.model_copy(update={"run_id": "r4", "request_key": "other"}))).run_id == "r4"
    started = [one for one in await store.events(cmd.integration_id) if one.type == "integration.run_started"]
    assert [one.data["metadata"]["run_id"] for one in started] == ["r2", "r4"]


async def test_a_note_is_kept_with_its_version_and_audited(db, requested):
    store, cmd = SqlIntegrations(db), requested(name="weather")
    await store.accept(cmd, workflow_id="integration/x", run_id="r1")
    version = Version(integration_id=cmd.integration_id, version="1.0.0", content_hash=REF.hash, files=REF, plan=REF)
    await store.record_version(version, key="1")
    for text in ("First words", "Better\x00words"):
        note = Annotation(text=text, by=GRACE, at=datetime.now(UTC))
        noted = await store.annotate_version(cmd.integration_id, "1.0.0", note)
        assert noted == (await store.versions(cmd.integration_id))[0]
    assert noted.annotation is not None
    assert noted.annotation.by == GRACE
    audited = [one for one in await store.audit(cmd.integration_id) if one.action == "integration.annotate_version"]
    assert [(one.actor.name, one.result) for one in audited] == [("grace", "1.0.0")] * 2
    with pytest.raises(NotFound, match=r"2\.0\.0"):
        await store.annotate_version(cmd.integration_id, "2.0.0", note)
