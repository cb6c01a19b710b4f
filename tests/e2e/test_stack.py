"""A whole stack, driven from outside; what is asserted is what the outside world received."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.checks import check_made_once, check_nothing_made, files_at
from tests.e2e.outside import CITIES
from tests.e2e.world import APPROVE, World, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


async def test_from_a_request_by_http_to_a_live_integration(world: World) -> None:
    integration_id = await world.ask("happy")
    run = await world.reviewable("happy")
    assert run["approvals_needed"] == 2
    assert (await world.approve("grace", "happy", run["content_hash"])).status_code == 200
    # Twice the same person is one approval.
    assert (await world.approve("grace", "happy", run["content_hash"])).status_code == 200
    assert (await world.run("happy"))["stage"] == "reviewing"
    assert (await world.approve("alan", integration_id, run["content_hash"])).status_code == 200
    run = await world.until("happy", "active")
    await check_made_once(world, "happy")
    answer = await world.call(f"{run['url']}/cities")
    assert answer.json() == CITIES
    events = await world.get("/integrations/happy/events")
    stages = [event["data"]["metadata"].get("stage") for event in events["items"]]
    assert [stage for stage in dict.fromkeys(stages) if stage] == [stage["name"] for stage in run["stages"]]
    again = await world.approve("alan", "happy", run["content_hash"])
    assert again.status_code == 409


async def test_changes_asked_for_in_slack(world: World) -> None:
    """New content, in the same pull request and the same message; what was approved before does not count."""
    await world.ask("changing")
    before = await world.reviewable("changing")
    assert (await world.approve("grace", "changing", before["content_hash"])).status_code == 200
    (message,) = await world.messages("changing")
    await world.request_changes("alan", message, 'Please rename the title to "All the cities"')
    after = await world.reviewable("changing", other_than=before["content_hash"])
    (pull,) = await world.pulls("changing")
    assert after["content_hash"] in pull["body"]
    assert before["content_hash"] not in pull["body"]
    assert "All the cities" in json.dumps(await files_at(world, "changing", pull["pull"]["head_sha"]))

    stale = await world.approve("grace", "changing", before["content_hash"])
    assert (stale.status_code, stale.json()["code"]) == (409, "content_changed")

    (edited,) = await world.messages("changing")
    assert (edited["ts"], edited["channel"]) == (message["ts"], message["channel"])
    await world.click("alan", edited, APPROVE)
    one = await world.until("changing", "reviewing", lambda run: len(run["reviews"]) == 3)
    # grace approved other content, so one approval is missing.
    assert one["waiting"] is not None
    await world.click("grace", edited, APPROVE)
    await world.until("changing", "active")
    await check_made_once(world, "changing")


async def test_an_issue_delivered_many_times_is_one_run(world: World) -> None:
    """`opened` and `labeled`, each three times; then the reviews that count, and those that do not, on every way in."""
    opened = await world.open_issue("issued", document=world.outside.cities_document)
    assert [each["action"] for each in opened["deliveries"]] == ["opened", "labeled"]
    for delivery in opened["deliveries"] * 2:
        again = await world.simulators.act("github", "redeliver", delivery_id=delivery["id"])
        assert again["status"] == 202
    number = opened["result"]["number"]
    await world.requested("issued")
    run = await world.reviewable("issued")
    asked = [each for each in (await world.get("/integrations?limit=200"))["items"] if each["name"] == "issued"]
    assert len(asked) == 1
    assert len(await world.comments(number)) == 1

    await check_requester_refused(world, run)

    pull = run["pull_request"]
    reviewed = await world.simulators.act("github", "reviews", user="grace", number=pull["number"], decision="approve")
    for _ in range(2):
        await world.simulators.act("github", "redeliver", delivery_id=reviewed["delivery_id"])
    run = await world.until("issued", "reviewing", lambda run: len(run["reviews"]) == 1)
    (review,) = run["reviews"]
    assert (review["reviewer"]["name"], review["reviewer"]["channel"]) == ("grace", "github")
    (message,) = await world.messages("issued")
    await world.click("alan", message, APPROVE)
    await world.until("issued", "active")
    await check_made_once(world, "issued")
    (comment,) = await world.comments(number)
    assert "**active**" in comment["body"]
    assert pull["url"] in comment["body"]


async def check_requester_refused(world: World, run: dict[str, Any]) -> None:
    """ada asked for it: her approval does not count, and on each way in she is told why."""
    why = "another person has to review it"
    by_api = await world.approve("ada", "issued", run["content_hash"])
    assert (by_api.status_code, by_api.json()["code"]) == (403, "review_not_counted")
    assert by_api.headers["content-type"] == "application/problem+json"
    assert why in by_api.json()["detail"]

    number = run["pull_request"]["number"]
    await world.simulators.act("github", "reviews", user="ada", number=number, decision="approve")
    await said(world, f"a comment on #{number}", lambda: world.comments(number), why)

    (message,) = await world.messages("issued")
    await world.click("ada", message, APPROVE)
    await said(world, "an answer in Slack to her alone", world.answers, why)

    after = await world.run("issued")
    assert (after["stage"], after["reviews"]) == ("reviewing", [])


async def said(world: World, where: str, look: Any, words: str) -> None:
    async def there() -> bool | None:
        return True if words in json.dumps(await look()) else None

    await eventually(there, f"{words!r} in {where}")


BAD = {
    "swagger": b'{"swagger": "2.0", "info": {"title": "Old", "version": "1"}, "paths": {"/a": {"get": {}}}}',
    "no-operations": b'{"openapi": "3.0.3", "info": {"title": "None", "version": "1"}, "paths": {}}',
    "not-a-document": b"<html>Not found</html>",
}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("swagger", "invalid_document"),
        ("no-operations", "invalid_document"),
        ("not-a-document", "invalid_document"),
        ("missing", "unreachable"),
    ],
)
async def test_a_bad_document_leaves_nothing(document: str, code: str, world: World) -> None:
    if document in BAD:
        world.outside.publish(document, BAD[document])
    name = f"bad-{document}"
    before = await check_nothing_made(world, name)
    body = {"title": "Bad", "name": name, "document": {"url": f"{world.outside.url}/{document}"}}
    answer = await world.post("ada", "/integrations", **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert await check_nothing_made(world, name) == before


@pytest.mark.parametrize(
    ("document", "words"),
    [("swagger", "2.0"), ("missing", "404"), (None, "does not say where the API's document is")],
)
async def test_an_issue_with_a_bad_document_is_told_why(document: str | None, words: str, world: World) -> None:
    world.outside.publish("swagger", BAD["swagger"])
    name = f"worse-{document or 'none'}"
    before = await check_nothing_made(world, name)
    url = f"{world.outside.url}/{document}" if document else None
    number = (await world.open_issue(name, document=url))["result"]["number"]
    await said(world, f"a comment on #{number}", lambda: world.comments(number), words)
    assert await check_nothing_made(world, name) == before
    assert len(await world.comments(number)) == 1


@pytest.mark.parametrize("way", ["the API", "the issue"])
async def test_a_run_that_is_stopped_in_review_leaves_nothing(way: str, world: World) -> None:
    name = f"stopped-by-{way.split()[1].lower()}"
    number = (await world.open_issue(name, document=world.outside.cities_document))["result"]["number"]
    await world.requested(name)
    run = await world.reviewable(name)
    before = await world.refs()
    if way == "the API":
        answer = await world.post("grace", f"/integrations/{name}/abandon", reason="Nobody needs cities")
        assert answer.status_code == 200
        reason = "grace stopped it: Nobody needs cities"
    else:
        await world.simulators.act("github", "issues/close", user="ada", number=number)
        reason = "ada stopped it: the issue was closed"
    run = await world.until(name, "failed", lambda run: run["failure"] is not None)
    assert run["failure"]["error"] == {"code": "abandoned", "message": reason, "details": {}}
    assert {undo["step"]: undo["ok"] for undo in run["failure"]["undone"]} == {
        "version": True,
        "pull request": True,
        "branch": True,
    }
    branch = f"refs/heads/ccb/{name}-1.0.0"
    assert {ref for ref in before if ref not in await world.refs()} == {branch}
    (pull,) = await world.pulls(name)
    assert (pull["state"], pull["pull"]["merged_at"]) == ("closed", None)
    assert not await world.merges(name)
    assert not await world.deployments(name)

    await said(world, "the comment", lambda: world.comments(number), reason)
    assert len(await world.comments(number)) == 1
    await said(world, "the message", lambda: world.messages(name), reason)
    (message,) = await world.messages(name)
    assert "failed" in message["text"]
    assert not [block for block in message["blocks"] if block["type"] == "actions"]
    listed = await world.get(f"/integrations/{name}")
    assert (listed["stage"], listed["failure"]) == ("failed", reason)
    assert listed["versions"] == []
    late = await world.approve("grace", name, run["content_hash"])
    assert late.status_code == 409


async def test_at_the_limit_of_its_budget_a_run_waits(world: World) -> None:
    await world.ask("thrifty", budget={"turns": 1})
    run = await world.until("thrifty", "analyzing", lambda run: run["waiting"] is not None)
    assert "higher budget" in run["waiting"]["what"]
    assert "1 of 1 turns" in run["waiting"]["what"]
    assert await world.bought("thrifty") == run["spent"]["turns"] == 1
    less = await world.post("operator", "/integrations/thrifty/budget", usd="0.5")
    assert less.status_code == 422
    more = await world.post("operator", "/integrations/thrifty/budget", turns=10)
    assert more.status_code == 200
    run = await world.reviewable("thrifty")
    assert await world.bought("thrifty") == run["spent"]["turns"] == 3


async def test_all_that_was_bought_is_in_the_books(world: World) -> None:
    """What Claude billed since the stack began is what the runs say they spent, to the token."""
    listed = (await world.get("/integrations?limit=200"))["items"]
    spent = [(await world.run(each["id"]))["spent"] for each in listed]
    billing = await world.billing()
    tokens = sum(billing[kind] for kind in billing if kind.endswith("_tokens"))
    assert billing["requests"] == sum(each["turns"] for each in spent) > 0
    assert tokens == sum(each["tokens"] for each in spent) > 0


async def test_a_commit_pushed_to_the_branch_voids_the_approvals(world: World) -> None:
    """GitHub's webhook tells of it; the new content is proven, reviewed and deployed, in the same pull request."""
    await world.ask("pushed")
    before = await world.reviewable("pushed")
    assert (await world.approve("grace", "pushed", before["content_hash"])).status_code == 200
    files = {"integrations/pushed/NOTES.md": "Looked at by Lin.\n"}
    done = await world.simulators.act("github", "push", user="lin", branch="ccb/pushed-1.0.0", files=files)
    assert [each["status"] for each in done["deliveries"] if each["event"] == "pull_request"] == [202]
    after = await world.reviewable("pushed", other_than=before["content_hash"])
    assert after["pull_request"]["head_sha"] == done["result"]["sha"]
    assert (await world.approve("alan", "pushed", before["content_hash"])).status_code == 409
    for person in ("grace", "alan"):
        assert (await world.approve(person, "pushed", after["content_hash"])).status_code == 200
    await world.until("pushed", "active")
    await check_made_once(world, "pushed")


async def test_one_trace_connects_the_request_with_its_steps(world: World) -> None:
    """The request's log line in the API, and those of the run's steps in the workers, carry the same trace id."""
    integration_id = await world.ask("traced")
    await world.reviewable("traced")
    logs = world.addresses.data_dir / "logs"
    steps = [line for line in _lines(logs / "workers.log") if line["message"] == "entered stage"]
    traces = {line["trace_id"] for line in steps if line["metadata"]["integration_id"] == integration_id}
    assert len(traces) == 1
    requests = [line for line in _lines(logs / "api.log") if line["metadata"].get("method") == "POST"]
    assert [line["metadata"]["path"] for line in requests if line["trace_id"] in traces] == ["/api/v1/integrations"]
    assert len({line["span_id"] for line in steps}) == len(steps)


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
