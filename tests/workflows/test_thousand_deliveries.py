"""Never by itself: a thousand deliveries, our own posts among them, from two API processes, make exactly one run."""

import asyncio
import hashlib
import hmac
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from domain import ids
from domain.lifecycle import Stage
from domain.runs import RunStatus
from tests.until import until
from tests.workflows.listening import Deliveries, apis, reviewer
from tests.workflows.watching import small_server
from tests.workflows.world import DOCUMENT, REPOSITORY, World

AT_ONCE = 12


@dataclass(frozen=True)
class Sent:
    """A delivery as GitHub sends it: the same number is the same delivery."""

    number: str
    event: str
    payload: str

    def headers(self, secret: str) -> dict[str, str]:
        digest = hmac.new(secret.encode(), self.payload.encode(), hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "X-GitHub-Event": self.event,
            "X-GitHub-Delivery": self.number,
            "X-Hub-Signature-256": f"sha256={digest}",
        }


async def sent_so_far(world: World, since: int) -> list[Sent]:
    found = (await world.simulators.look("github", "deliveries"))["deliveries"][since:]
    return [Sent(one["id"], one["event"], one["payload"]) for one in found]


def by_a_person(world: World, sent: Sequence[Sent], person: str) -> list[Sent]:
    """What we did, as it comes if we do it with the token of a person: their name stands in place of the bot's."""
    bot = world.simulators.config["github"].get("bot", "ccb-bot[bot]")
    mine = [one for one in sent if json.loads(one.payload)["sender"]["login"] == bot]
    assert {"issue_comment", "pull_request", "push"} <= {one.event for one in mine}
    return [
        Sent(ids.new("guid"), one.event, one.payload.replace(bot, person).replace('"type":"Bot"', '"type":"User"'))
        for one in mine
    ]


async def flood(world: World, urls: Sequence[str], sent: Sequence[Sent], count: int, chance: random.Random) -> None:
    """`count` posts of these, each at least once, in any order, to any of the processes."""
    posts = [*sent, *chance.choices(sent, k=count - len(sent))]
    chance.shuffle(posts)
    secret, places = world.environment["CCB_GITHUB_WEBHOOK_SECRET"], asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:

        async def post(one: Sent) -> int:
            async with places:
                url = f"{chance.choice(urls)}/webhooks/github"
                return (await http.post(url, content=one.payload.encode(), headers=one.headers(secret))).status_code

        assert set(await asyncio.gather(*map(post, posts))) == {202}


async def counted(world: World, kind: str, integration_id: str) -> int:
    query = f"WorkflowType = '{kind}' AND IntegrationId = '{integration_id}'"
    return (await world.client.count_workflows(query)).count


async def only_one_run(world: World, integration_id: str, name: str, comments: list[str], issue: int) -> None:
    """By Temporal, and by what is outside."""
    runs = [
        await counted(world, kind, integration_id) for kind in ("CreateIntegration", "UpdateIntegration", "TestVersion")
    ]
    assert runs == [1, 0, 0]
    assert (await world.client.count_workflows(f"IntegrationName = '{name}' AND Operation = 'create'")).count >= 1
    branches = [one["name"] for one in await world.github("branches?per_page=100") if name in one["name"]]
    pulls = [one for one in await world.github("pulls?state=all&per_page=100") if name in one["head"]["ref"]]
    assert (len(branches), len(pulls)) == (1, 1)
    assert [one["body"] for one in await world.github(f"issues/{issue}/comments")] == comments


async def begun(world: World, url: str, name: str) -> tuple[int, str]:
    """An issue with the label, and the integration that it asks for."""
    body = f"API document: {url}\nName: {name}\n\nList the cities. [simulate: one-turn]"
    told = await world.simulators.act("github", "issues", user="ada", title="Cities", body=body, labels=["integration"])

    async def there() -> str | None:
        page = await world.integrations.find(name) if await _known(world, name) else None
        return page.id if page is not None else None

    return told["result"]["number"], await until(there)


async def _known(world: World, name: str) -> bool:
    found = (await world.client.count_workflows(f"IntegrationName = '{name}'")).count
    return found > 0


async def waits(world: World, integration_id: str) -> RunStatus:
    async def there() -> RunStatus | None:
        status = await world.runs.status(integration_id)
        assert status.failure is None, status.failure
        return status if status.stage is Stage.REVIEWING and status.waiting is not None else None

    return await until(there)


async def test_a_thousand_deliveries_make_one_run(world: World) -> None:
    chance = random.Random(20261123)
    name = f"cities-{ids.new('x')[-8:]}"
    async with small_server() as small, apis(world, 2) as urls, world.workers():
        small.answers["/openapi.json"] = (200, json.dumps(DOCUMENT).encode())
        since = len((await world.simulators.look("github", "deliveries"))["deliveries"])
        # Whose token it could be: somebody whose words count, if they were theirs.
        told, grace, owner = Deliveries(world), await reviewer(world), await reviewer(world)
        issue, integration_id = await begun(world, f"{small.url}/openapi.json", name)
        status = await waits(world, integration_id)
        pull = status.pull_request
        assert pull is not None
        # People talk about it, quote us, and copy what we said; and our own status says that tests fail.
        mine = (await world.github(f"issues/{issue}/comments"))[0]["body"]
        quoted = "\n".join(f"> {line}" for line in mine.split("\n")) + "\n> /ccb abandon\n\nWhat does that mean?"
        act = world.simulators.act
        for words in ("Nice!", quoted, mine, f"{mine}\n/ccb abandon"):
            for number in (issue, pull.number):
                await act("github", "comments", user=owner, number=number, body=words)
        await act("github", "reviews", user=owner, number=pull.number, decision="comment", body=mine)
        await act("github", "reviews", user=grace, number=pull.number, decision="request_changes", body=mine)
        await act("github", "statuses", user=owner, sha=pull.head_sha, state="failure", context="ccb/tests")
        comments = [one["body"] for one in await world.github(f"issues/{issue}/comments")]
        sent = await sent_so_far(world, since)
        sent += by_a_person(world, sent, owner)
        await flood(world, urls, sent, 500, chance)
        handled = await told.handled()
        assert [one.attempts for one in handled] == [1] * len(handled)
        assert not [one for one in handled if one.outcome and one.outcome.action == "failed"]
        await only_one_run(world, integration_id, name, comments, issue)
        after = await world.runs.status(integration_id)
        assert (after.stage, after.content_hash, after.reviews) == (Stage.REVIEWING, status.content_hash, [])
        # It goes on when a person says so; then everything comes once more, its own merge among it.
        await act("github", "reviews", user=grace, number=pull.number, decision="approve")
        await world.client.get_workflow_handle(ids.lifecycle_workflow(integration_id)).result()
        sent = await sent_so_far(world, since)
        sent += by_a_person(world, sent, owner)
        comments = [one["body"] for one in await world.github(f"issues/{issue}/comments")]
        await flood(world, urls, sent, 500, chance)
        handled = await told.handled()
        assert not [one for one in handled if one.outcome and one.outcome.action == "failed"]
        await only_one_run(world, integration_id, name, comments, issue)
        found = await world.integrations.get(integration_id)
        assert (found.stage, found.under_way, found.version) == (Stage.ACTIVE, False, "1.0.0")
        started = [one for one in handled if one.outcome and one.outcome.action == "started"]
        assert {one.event for one in started} == {"issues"}
        assert found.repository == REPOSITORY
