"""The whole way by Slack: asked for in a form, sent back in a form, approved with a button, and nothing by itself."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote_plus

import pytest

from api.wiring import ProcessSettings, open_services
from domain import ids
from domain.lifecycle import Stage
from domain.people import Person, Role
from domain.runs import RunStatus
from tests.api.world import served
from tests.environ import settings_from
from tests.until import until
from tests.workflows.watching import small_server
from tests.workflows.world import DOCUMENT, REPOSITORY, World

CHANNEL = "integrations"


@asynccontextmanager
async def listening(world: World) -> AsyncIterator[None]:
    """The API, to which Slack sends."""
    with settings_from(world.environment):
        services = await open_services(ProcessSettings())
    async with served(services) as url:
        await world.simulators.act("slack", "configure", callback_url=f"{url}/webhooks/slack")
        yield
    await services.close()


async def known(world: World, name: str, role: Role) -> str:
    """Somebody of this role, by their name in Slack."""
    name = f"{name}{ids.new('x')[-6:]}"
    user = await world.simulators.act("slack", "users", name=name)
    await world.people.add(Person(id=ids.new("per"), name=name, role=role, slack=user["id"]))
    return name


async def type_(world: World, user: str, text: str) -> dict[str, Any]:
    return await world.simulators.act("slack", "command", user=user, channel=CHANNEL, command="/ccb", text=text)


async def fill_in(world: World, user: str, kind: str, **values: str) -> None:
    """Write in the form once it is open; on a machine that is too busy, its button is pressed as people would."""
    pressed = 0

    async def there() -> bool | None:
        nonlocal pressed
        views = (await world.simulators.look("slack", "views", user=user))["views"]
        if any(one["callback_id"] == kind for one in views):
            return True
        late = [one for one in await seen(world, user) if "The form did not open" in one]
        if len(late) > pressed:
            pressed += 1
            action = "ccb.create" if kind == "ccb.create" else "review.request_changes"
            await world.simulators.act("slack", "click", user=user, action=action)
        return None

    await until(there)
    done = await world.simulators.act("slack", "submit", user=user, values=values)
    assert done["shown"] == "closed", done


async def seen(world: World, user: str) -> list[str]:
    """What only they saw, oldest first."""
    user_id = (await world.simulators.act("slack", "users", name=user))["id"]
    found = (await world.simulators.look("slack", "responses"))["responses"]
    return [json.dumps(one["body"]) for one in found if one["user"] == user_id]


async def answered(world: World, user: str, title: str, *, times: int = 1) -> list[str]:
    """What only they saw under this title."""

    async def there() -> list[str] | None:
        titled = [one for one in await seen(world, user) if title in one]
        return titled if len(titled) >= times else None

    return await until(there)


async def edited(world: World, words: str) -> None:
    """A message was edited to say this, though it may say something else by now."""

    async def there() -> bool | None:
        calls = await world.simulators.journal("slack", path=r"chat\.update$")
        return any(words in unquote_plus(str(one.body)) for one in calls) or None

    await until(there)


async def in_review(world: World, name: str, *, other_than: str = "") -> RunStatus:
    async def there() -> RunStatus | None:
        found = [one for one in await _all(world) if one.name == name]
        status = await world.runs.status(found[0].id) if found else None
        assert status is None or status.failure is None, status
        waits = status is not None and status.stage is Stage.REVIEWING and status.waiting is not None
        return status if waits and status is not None and status.content_hash != other_than else None

    return await until(there)


async def _all(world: World) -> list[Any]:
    page = await world.integrations.page(organization_id=ids.DEFAULT_ORGANIZATION, cursor=None, limit=50)
    return list(page.items)


async def message_of(world: World, status: RunStatus) -> dict[str, Any]:
    found = (await world.simulators.look("slack", "messages"))["messages"]
    return next(one for one in found if status.integration_id in json.dumps(one.get("blocks")) and not one["deleted"])


async def press(world: World, user: str, message: dict[str, Any], action: str) -> None:
    done = await world.simulators.act(
        "slack", "click", user=user, channel=message["channel"], ts=message["ts"], action=action
    )
    assert done["status"] == 200, done


@pytest.mark.slow
async def test_from_a_form_to_a_service(world: World) -> None:
    name = f"cities-{ids.new('x')[-10:]}"
    async with small_server() as outside, listening(world), world.workers():
        outside.answers["/openapi.json"] = (200, json.dumps(DOCUMENT).encode())
        asks, reviews = await known(world, "carol", Role.DEVELOPER), await known(world, "bob", Role.REVIEWER)

        await type_(world, asks, "create List the cities")
        wanted = {"name": name, "document": f"{outside.url}/openapi.json", "repository": REPOSITORY}
        await fill_in(world, asks, "ccb.create", description="[simulate: one-turn]", **wanted)
        await answered(world, asks, "It has begun")
        first = await in_review(world, name)
        message = await message_of(world, first)

        await press(world, asks, message, "review.approve")  # who asked does not count, nor may a developer review
        assert "runs:review" in (await answered(world, asks, "This was not counted"))[0]

        await press(world, reviews, message, "review.request_changes")
        await fill_in(world, reviews, "ccb.changes", words="Please say units in the README")
        await answered(world, reviews, "It counts")
        await edited(world, f"Changes were asked for by {reviews}.")
        second = await in_review(world, name, other_than=first.content_hash or "")

        stale = await message_of(world, second)
        assert stale["ts"] == message["ts"]  # the same message, with new buttons
        await type_(world, reviews, f"approve {name}")
        await answered(world, reviews, "It counts", times=2)

        async def active() -> bool | None:
            return (await world.integrations.find(name)).stage is Stage.ACTIVE or None

        await until(active)
        said = await type_(world, reviews, f"status {name}")
        assert "is active" in json.dumps(said["shown"])
        assert len([one for one in await _all(world) if one.name == name]) == 1
