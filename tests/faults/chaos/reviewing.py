"""People review, on each of the ways there are; whoever is not heard says it again."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.faults.chaos.ways import REQUESTER, REVIEWERS, Asked, Json, Late, Ways, over

Say = Callable[[Ways, Asked, Json, str, str], Awaitable[None]]
"""Ways, what was asked for, its run, who, `approve` or `request_changes`."""

_HEARD = 8.0
"""Seconds after which somebody whose decision shows nowhere says it again."""

_OPEN = 4.0
"""Seconds for which somebody waits for a form: Slack opens none after three."""


async def by_api(ways: Ways, asked: Asked, run: Json, person: str, decision: str) -> None:
    comment = "Please say units in the README" if decision == "request_changes" else ""
    await ways.call(
        person,
        "POST",
        f"/integrations/{asked.id}/reviews",
        key=f"{asked.name}-{decision}-{run['content_hash']}",
        decision=decision,
        content_hash=run["content_hash"],
        comment=comment,
    )


async def by_slack(ways: Ways, asked: Asked, run: Json, person: str, decision: str) -> None:
    """A click that Slack could not hand over is for the person to repeat: see `decided`."""
    if (message := await ways.message(asked.name)) is not None:
        await ways.act(
            "slack",
            "click",
            user=person,
            channel=message["channel"],
            ts=message["ts"],
            action=f"review.{decision}",
        )
        if decision == "request_changes":
            await _fill_in(ways, person, run)


async def _fill_in(ways: Ways, person: str, run: Json) -> None:
    """Write in the form about this content; one that did not open within moments is for the person to click again."""
    clicked = time.monotonic()
    while time.monotonic() < clicked + _OPEN:
        mine = [form for form in await ways.forms(person) if run["content_hash"] in form["private_metadata"]]
        if mine:
            words = {"words": "Please say units in the README"}
            await ways.act("slack", "submit", user=person, view=mine[-1]["id"], values=words)
            return
        await asyncio.sleep(0.3)


async def by_github(ways: Ways, asked: Asked, run: Json, person: str, decision: str) -> None:
    done = await ways.act(
        "github",
        "reviews",
        user=person,
        number=run["pull_request"]["number"],
        decision=decision,
        body="Please say units in the README" if decision == "request_changes" else "",
    )
    await ways.delivered(done)


WAYS: tuple[Say, ...] = (by_api, by_slack, by_github)


def waits(run: Json) -> bool:
    """The run waits for people to review it."""
    return run["stage"] == "reviewing" and run["waiting"] is not None and run["pull_request"] is not None


async def decided(ways: Ways, asked: Asked, person: str, decision: str, say: Say) -> str:
    """Decide on whatever is under review until that shows; returns the content that it was about, or '' if it ended."""
    run = await ways.at(asked.id, waits, "in review")
    content = run.get("content_hash") or ""
    while waits(run) and run["content_hash"] == content:
        await say(ways, asked, run, person, decision)
        said_at = time.monotonic()
        while time.monotonic() < said_at + _HEARD and waits(run) and run["content_hash"] == content:
            await asyncio.sleep(0.3)
            run = await ways.run(asked.id) or run
        if time.monotonic() > ways.deadline:
            raise Late(f"{asked.name}: {decision} is not heard")
    return content


async def approved(ways: Ways, asked: Asked, person: str, say: Say) -> str:
    """Approve until it is over, what it asks for anew included; the stage it ends in."""
    while True:
        await decided(ways, asked, person, "approve", say)
        run = await ways.at(asked.id, waits, "ended")
        if not waits(run):
            return str(run["stage"])


async def ended(ways: Ways, asked: Asked) -> str:
    """The stage it ends in. What was not to be reviewed is where an outage left something for a person to decide."""
    return await approved(ways, asked, REVIEWERS[0], by_api)


async def ran(ways: Ways, asked: Asked, path: str, *, time_no: int = 1, **body: object) -> bool:
    """Ask for a later run of an integration and see it end; False if it was refused, or was undone.

    A run that has done its work may still have people to tell: whoever is told to wait for its end does.
    """
    url, key = f"{ways.automatic_url}/api/v1/integrations/{asked.id}/{path}", f"{asked.name}-{path}-{time_no}"
    answer = await ways.call("operator", "POST", url, key=key, **body)
    while answer["status_code"] == 409 and "under way" in answer["detail"]:
        if time.monotonic() > ways.deadline:
            raise Late(f"{asked.name} {path}: {answer['detail']}")
        await asyncio.sleep(1)
        answer = await ways.call("operator", "POST", url, key=key, **body)
    if answer["status_code"] != 202:
        asked.refused.append(f"{path}: {answer.get('detail')}")
        return False

    async def done() -> bool | None:
        view = await ways.call(REQUESTER, "GET", f"/integrations/{asked.id}/run")
        if view["status_code"] != 200 or view["run_id"] != answer["run_id"]:
            return None
        if waits(view["status"]):
            await by_api(ways, asked, view["status"], REVIEWERS[0], "approve")
        return view["status"]["failure"] is None if over(view["status"]) else None

    return await ways.until(done, f"{asked.name} {path} ended")
