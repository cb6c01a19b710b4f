"""SIGKILL at chosen moments: each run goes on to active, with one of everything, and nothing is paid twice.

A moment is chosen by what the outside world has received and not yet answered: the process dies while it waits for the
answer. Where the work is done nonetheless, the answer is lost with the process, and the work must not be done again.
"""

import asyncio
import json

import pytest

from simulators.kit import Entry
from tests.e2e.checks import check_made_once
from tests.e2e.world import APPROVE, PATIENCE, World
from tests.faults.up import Up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LATENCY = 5.0
"""Seconds for which an answer is held. A killed worker's step is tried again after seven, so what was held is done."""


async def held(world: World, vendor: str, method: str, path: str, *, seconds: float = LATENCY, skip: int = 0) -> int:
    """Hold the next such request (after `skip`); returns the number to look after in the journal."""
    await world.simulators.fault(vendor, "latency", method=method, path=path, seconds=seconds, skip=skip)
    return await world.simulators.last(vendor)


async def approved(world: World, name: str) -> None:
    """Approve it once it waits for that, and see that one of everything came of it."""
    run = await world.reviewable(name)
    answer = await world.approve("grace", name, run["content_hash"])
    assert answer.status_code == 200, answer.text
    await ended(world, name)


async def ended(world: World, name: str) -> None:
    await world.until(name, "active")
    await check_made_once(world, name)


def hit(killed_at: float, entry: Entry) -> None:
    """The kill came while the request was held."""
    assert entry.time <= killed_at <= entry.time + LATENCY


@pytest.fixture(scope="session")
async def killed_before_review(world: World, up: Up) -> None:
    """A run in each of the first four stages, and then SIGKILL of the workers, of those that test as well."""
    counting = r"/count_tokens$"
    since = await held(world, "claude", "POST", counting, seconds=90)
    await world.ask("in-analyzing")
    await world.arrived("claude", "POST", counting, since=since)

    # Two turns are bought before the first of the generation.
    await held(world, "claude", "POST", counting, seconds=90, skip=2)
    await world.ask("in-generating")
    await world.until("in-generating", "generating", lambda run: "waiting for Claude (turn 3)" in run["step"])

    asked = world.outside.hold("held.json")
    document = world.outside.publish("held.json", json.dumps(world.outside.described()).encode())
    await world.open_issue("in-requested", document=document)
    assert await asyncio.to_thread(asked.wait, PATIENCE)

    await world.ask("in-testing")
    await world.until("in-testing", "testing")
    up.kill("builders", "workers")
    stages = {name: (await world.run(name))["stage"] for name in ("in-analyzing", "in-generating", "in-testing")}
    assert stages == {f"in-{stage}": stage for stage in ("analyzing", "generating", "testing")}
    world.outside.release("held.json")


@pytest.mark.parametrize("stage", ["requested", "analyzing", "generating", "testing"])
async def test_a_worker_killed_before_review(stage: str, killed_before_review: None, world: World) -> None:
    name = f"in-{stage}"
    await world.requested(name)
    await approved(world, name)
    assert await world.bought(name) == 3


async def test_a_turn_that_is_in_the_books_is_not_bought_again(world: World, up: Up) -> None:
    """The worker dies after it recorded what it bought, and before it could tell Temporal, which does not listen."""
    since = await held(world, "claude", "POST", r"/v1/messages$")
    await world.ask("in-the-books")
    await world.arrived("claude", "POST", r"/v1/messages$", since=since)
    with up.frozen("temporal"):
        await up.recorded_turns(1 + await up.recorded_turns())
        up.kill("workers")
    await approved(world, "in-the-books")
    assert await world.bought("in-the-books") == 3


async def test_a_worker_killed_while_the_pull_request_is_opened(world: World, up: Up) -> None:
    since = await held(world, "github", "POST", r"/pulls$")
    await world.ask("at-pull-request")
    opening = await world.arrived("github", "POST", r"/pulls$", since=since)
    hit(up.kill("workers"), opening)
    await approved(world, "at-pull-request")
    (made,) = await world.simulators.journal("github", method="POST", path=r"/pulls$", since=since)
    assert (made.number, made.status) == (opening.number, 201)


async def test_a_worker_killed_while_it_asks_for_review_and_merges(world: World, up: Up) -> None:
    """Two runs, one kill: one posts its message, the other merges."""
    await world.ask("at-merge")
    run = await world.reviewable("at-merge")
    merging, posting = rf"/pulls/{run['pull_request']['number']}/merge$", r"/chat.postMessage$"
    merges = await held(world, "github", "PUT", merging)
    messages = await held(world, "slack", "POST", posting)
    await world.ask("at-message")
    post = await world.arrived("slack", "POST", posting, since=messages)
    await world.approve("grace", "at-merge", run["content_hash"])
    merge = await world.arrived("github", "PUT", merging, since=merges)
    killed_at = up.kill("workers")
    hit(killed_at, merge)
    hit(killed_at, post)
    await asyncio.gather(ended(world, "at-merge"), approved(world, "at-message"))
    (posted,) = await world.simulators.journal("slack", method="POST", path=posting, since=messages)
    (merged,) = await world.simulators.journal("github", method="PUT", path=merging, since=merges)
    assert (posted.number, posted.status) == (post.number, 200)
    assert (merged.number, merged.status) == (merge.number, 200)


async def test_every_other_part_killed_while_one_run_goes_on(world: World, up: Up) -> None:
    """The API with an issue that it has only just stored, Temporal while a turn waits, the simulators before they open
    the pull request, the runner while it starts the version."""
    counting, opening = r"/count_tokens$", r"/pulls$"
    turns = await held(world, "claude", "POST", counting)
    pulls = await held(world, "github", "POST", opening, seconds=90)
    opened = await world.open_issue("unlucky", document=world.outside.cities_document)
    assert opened["status"] == 202
    await up.killed("api")

    await world.arrived("claude", "POST", counting, since=turns)
    await up.killed("temporal")

    await world.arrived("github", "POST", opening, since=pulls)
    await up.killed("simulators")

    run = await world.reviewable("unlucky")
    await world.approve("grace", "unlucky", run["content_hash"])
    await world.until("unlucky", "deploying", lambda run: run["step"].startswith("starts the version"))
    await up.killed("runner")

    await ended(world, "unlucky")
    assert len(await world.comments(opened["result"]["number"])) == 1
    # What ran before is kept running.
    await check_made_once(world, "at-merge")


async def test_everything_killed_at_once(world: World, up: Up) -> None:
    await world.ask("mid-review")
    await world.ask("mid-deploying")
    reviewed, deployed = [await world.reviewable(name) for name in ("mid-review", "mid-deploying")]
    await held(world, "claude", "POST", r"/count_tokens$", seconds=90, skip=2)
    await world.ask("mid-generating")
    await world.until("mid-generating", "generating", lambda run: "waiting for Claude (turn 3)" in run["step"])
    await world.approve("grace", "mid-deploying", deployed["content_hash"])
    await world.until("mid-deploying", "deploying", lambda run: run["step"].startswith("starts the version"))
    await up.kill_everything()

    await up.start()
    (message,) = await world.messages("mid-review")
    assert (await world.run("mid-review"))["content_hash"] == reviewed["content_hash"]
    await world.click("grace", message, APPROVE)
    await asyncio.gather(ended(world, "mid-review"), ended(world, "mid-deploying"), approved(world, "mid-generating"))
    # What was active before still is, under the same URL.
    await check_made_once(world, "at-merge")


async def test_nothing_was_paid_twice(world: World) -> None:
    """After all of this, what Claude billed is what the runs say they spent, to the token."""
    listed = (await world.get("/integrations?limit=200"))["items"]
    spent = [(await world.run(each["id"]))["spent"] for each in listed]
    billing = await world.billing()
    tokens = sum(billing[kind] for kind in billing if kind.endswith("_tokens"))
    assert billing["requests"] == sum(each["turns"] for each in spent) == 3 * len(listed) > 0
    assert tokens == sum(each["tokens"] for each in spent) > 0


async def test_ctrl_c_ends_all_of_it(up: Up) -> None:
    assert await up.stop() == 0
    await up.all_gone()
