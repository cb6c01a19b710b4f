"""CreateIntegration: the way to active, and people's words on the way."""

import base64
from datetime import timedelta

import httpx
import pytest

from domain.errors import Conflict, ContentChanged, InvalidDocument, NameTaken, ReviewNotCounted
from domain.lifecycle import Stage
from domain.manifest import PATH as MANIFEST
from domain.people import Actor, Channel
from domain.review import Decision, ReviewPolicy
from domain.runs import Abandon, CreateIntegration, HeadMoved, RunStatus
from tests.until import until
from tests.workflows.world import World


async def test_to_active_with_everything_in_place(world: World) -> None:
    cmd = await world.request()
    async with world.workers():
        await world.runs.start_create(cmd)
        outcome = await world.ended(cmd)
    assert (outcome.stage, outcome.failure) == (Stage.ACTIVE, None)
    seen = await world.outside(cmd)
    assert [(p["state"], p["merged_at"] is not None) for p in seen.pulls] == [("closed", True)]
    assert f"integrations/{outcome.name}/integration.yaml" in seen.files_on_main
    assert (len(seen.branches), len(seen.messages), len(seen.comments), len(seen.bundles)) == (1, 1, 1, 1)
    assert seen.deployments == [seen.live]
    assert seen.registered
    assert "**active**" in seen.comments[0]
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{outcome.url}/health")).json()["name"] == outcome.name


async def test_it_replays_from_history_at_every_task(world: World) -> None:
    cmd = await world.request()
    async with world.workers(cached=0):
        await world.runs.start_create(cmd)
        assert (await world.ended(cmd)).stage is Stage.ACTIVE


async def test_people_decide_and_an_approval_binds_to_content(world: World) -> None:
    cmd = await world.request("", policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(cmd)
        first = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        assert first.content_hash is not None
        mine = await world.review("ada", first.content_hash, Decision.APPROVE)
        with pytest.raises(ReviewNotCounted):
            await world.runs.submit_review(cmd.integration_id, mine)
        other = await world.review("grace", "sha256:" + "0" * 64, Decision.APPROVE)
        with pytest.raises(ContentChanged):
            await world.runs.submit_review(cmd.integration_id, other)
        words = await world.review("grace", first.content_hash, Decision.REQUEST_CHANGES, "Say units in the README")
        await world.runs.submit_review(cmd.integration_id, words)
        again = await _other_content(world, cmd, first.content_hash)
        stale = await world.review("lin", first.content_hash, Decision.APPROVE)
        with pytest.raises(ContentChanged):
            await world.runs.submit_review(cmd.integration_id, stale)
        await _approve(world, cmd, again.content_hash)
        outcome = await world.ended(cmd)
    assert (outcome.stage, outcome.content_hash) == (Stage.ACTIVE, again.content_hash)
    seen = await world.outside(cmd)
    assert (len(seen.pulls), len(seen.branches), len(seen.messages), len(seen.deployments)) == (1, 1, 1, 1)


@pytest.mark.parametrize("told", [True, False], ids=["GitHub told us", "its webhook was lost"])
async def test_a_commit_that_somebody_pushes_voids_the_approval(world: World, told: bool) -> None:
    cmd = await world.request(policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(cmd)
        first = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        assert first.content_hash is not None
        pushed = await _push(world, cmd.request.name or "", "Written by Lin.\n")
        if told:
            moved = HeadMoved(by=Actor(channel=Channel.GITHUB, name="lin"), head_sha=pushed)
            await world.runs.head_moved(cmd.integration_id, moved)
        else:
            await _approve(world, cmd, first.content_hash)
        again = await _other_content(world, cmd, first.content_hash)
        assert again.pull_request is not None
        assert again.pull_request.head_sha == pushed
        with pytest.raises(ContentChanged):
            await _approve(world, cmd, first.content_hash)
        await _approve(world, cmd, again.content_hash)
        outcome = await world.ended(cmd)
    assert (outcome.stage, outcome.content_hash) == (Stage.ACTIVE, again.content_hash)
    seen = await world.outside(cmd)
    assert (len(seen.pulls), len(seen.branches), len(seen.messages), len(seen.deployments)) == (1, 1, 1, 1)
    assert f"integrations/{outcome.name}/NOTES.md" in seen.files_on_main


async def _approve(world: World, cmd: CreateIntegration, content_hash: str | None) -> None:
    assert content_hash is not None
    await world.runs.submit_review(cmd.integration_id, await world.review("grace", content_hash, Decision.APPROVE))


async def _push(world: World, name: str, text: str, path: str = "NOTES.md") -> str:
    """Somebody else's commit on the branch under review; its sha."""
    files = {f"integrations/{name}/{path}": text}
    done = await world.simulators.act("github", "push", user="lin", branch=f"ccb/{name}-1.0.0", files=files)
    return str(done["result"]["sha"])


async def _other_content(world: World, cmd: CreateIntegration, known: str) -> RunStatus:
    async def there() -> RunStatus | None:
        status = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        return status if status.content_hash != known else None

    return await until(there)


async def test_a_pushed_commit_outside_the_folder_is_taken_back(world: World) -> None:
    """People approve the integration's folder; nothing else may come with it."""
    cmd = await world.request(policy=ReviewPolicy())
    name = cmd.request.name or ""
    async with world.workers():
        await world.runs.start_create(cmd)
        first = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        files = {".github/workflows/mine.yml": "on: push\n", f"integrations/{name}/NOTES.md": "And a note.\n"}
        await world.simulators.act("github", "push", user="mallory", branch=f"ccb/{name}-1.0.0", files=files)
        assert first.content_hash is not None
        await _approve(world, cmd, first.content_hash)
        again = await _other_content(world, cmd, first.content_hash)
        assert again.pull_request is not None
        changed = await world.github(f"pulls/{again.pull_request.number}/files?per_page=100")
        assert all(file["filename"].startswith(f"integrations/{name}/") for file in changed)
        await _approve(world, cmd, again.content_hash)
        assert (await world.ended(cmd)).stage is Stage.ACTIVE
    tree = await world.github("git/trees/main?recursive=1")
    paths = [entry["path"] for entry in tree["tree"]]
    assert f"integrations/{name}/NOTES.md" in paths
    assert ".github/workflows/mine.yml" not in paths


async def test_a_pushed_commit_does_not_change_what_the_plan_gives(world: World) -> None:
    """More hosts in the manifest would be more than people approved: the manifest is put back, in plain sight."""
    cmd = await world.request(policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(cmd)
        first = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        assert first.content_hash is not None
        before = await _manifest(world, cmd, "ccb/{name}-1.0.0")
        await _push(world, cmd.request.name or "", before.replace("hosts:", "hosts:\n- evil.example.com"), MANIFEST)
        await _approve(world, cmd, first.content_hash)

        async def put_back() -> bool | None:
            return True if await _manifest(world, cmd, "ccb/{name}-1.0.0") == before else None

        await until(put_back)
        # What was approved is there again, but on another commit: it is looked at again.
        await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        await _approve(world, cmd, first.content_hash)
        assert (await world.ended(cmd)).content_hash == first.content_hash
    assert await _manifest(world, cmd, "ccb/{name}-1.0.0") == before
    assert await _manifest(world, cmd, "main") == before


async def _manifest(world: World, cmd: CreateIntegration, ref: str) -> str:
    name = cmd.request.name
    path = f"contents/integrations/{name}/{MANIFEST}?ref={ref.format(name=name)}"
    found = await world.github(path)
    return base64.b64decode(found["content"]).decode()


async def test_a_week_of_waiting_then_an_approval(world: World) -> None:
    cmd = await world.request(policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(cmd)
        status = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        await world.fast_forward(cmd, timedelta(days=7, hours=1))
        reminders = await _reminders(world, status.name or "", 7)
        assert status.content_hash is not None
        approval = await world.review("grace", status.content_hash, Decision.APPROVE)
        await world.runs.submit_review(cmd.integration_id, approval)
        assert (await world.ended(cmd)).stage is Stage.ACTIVE
    assert len(reminders) == 7
    assert len((await world.outside(cmd)).deployments) == 1


async def test_after_the_deadline_it_is_undone(world: World) -> None:
    cmd = await world.request(policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(cmd)
        await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        await world.fast_forward(cmd, timedelta(days=15))
        outcome = await world.ended(cmd)
    assert outcome.failure is not None
    assert outcome.failure.error.code == "review_expired"
    seen = await world.outside(cmd)
    assert (seen.branches, [p["state"] for p in seen.pulls], seen.versions) == ([], ["closed"], [])


async def test_abandoning_undoes_what_was_done(world: World) -> None:
    cmd = await world.request(policy=ReviewPolicy())
    by = Actor(channel=Channel.CLI, name="operator")
    async with world.workers():
        await world.runs.start_create(cmd)
        await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        await world.runs.abandon(cmd.integration_id, Abandon(by=by, reason="no longer needed"))
        outcome = await world.ended(cmd)
        assert outcome.failure is not None
        assert (outcome.stage, outcome.failure.error.code) == (Stage.FAILED, "abandoned")
        with pytest.raises(Conflict):
            await world.runs.abandon(cmd.integration_id, Abandon(by=by, reason="again"))
    seen = await world.outside(cmd)
    assert (seen.branches, [p["merged_at"] for p in seen.pulls], seen.versions) == ([], [None], [])
    assert "no longer needed" in seen.comments[0]
    assert "no longer needed" in str(seen.messages or (await _texts(world, cmd.request.name or "")))


async def test_a_bad_document_leaves_nothing_but_a_word_to_the_issue(world: World) -> None:
    cmd = await world.request()
    bad = cmd.request.model_copy(update={"document": await world.document({"swagger": "2.0", "paths": {}})})
    cmd = cmd.model_copy(update={"request": bad})
    async with world.workers():
        with pytest.raises(InvalidDocument, match=r"2\.0"):
            await world.runs.start_create(cmd)
        await world.ended(cmd)
    seen = await world.outside(cmd)
    assert (seen.branches, seen.pulls, seen.messages, seen.versions) == ([], [], [], [])
    assert len(seen.comments) == 1
    assert "2.0" in seen.comments[0]


async def test_a_name_that_exists_is_refused(world: World) -> None:
    first = await world.request(policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(first)
        second = await world.request()
        same = second.request.model_copy(update={"name": first.request.name})
        with pytest.raises(NameTaken, match=str(first.request.name)):
            await world.runs.start_create(second.model_copy(update={"request": same}))
        await world.runs.abandon(
            first.integration_id, Abandon(by=Actor(channel=Channel.CLI, name="operator"), reason="test over")
        )
        await world.ended(first)


async def _texts(world: World, name: str) -> list[str]:
    messages = (await world.simulators.look("slack", "messages"))["messages"]
    return [str(message) for message in messages if name in str(message)]


async def _reminders(world: World, name: str, wanted: int) -> list[str]:
    async def there() -> list[str] | None:
        found = [text for text in await _texts(world, name) if "still waits" in text]
        return found if len(found) >= wanted else None

    return await until(there)
