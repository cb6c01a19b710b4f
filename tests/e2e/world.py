"""A whole stack, as people and outside systems see it: nothing here looks inside a process of ours."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from cli.stack import Addresses
from simulators.kit import Entry, Simulators
from tests.e2e.outside import Outside
from tests.until import until

Json = dict[str, Any]
T = TypeVar("T")

PATIENCE = 150.0
"""Seconds for anything to happen, on a machine that has other things to do."""
REQUESTER, REVIEWERS = "ada", ("grace", "alan")
DESCRIPTION = "We want to know the cities: GET /cities. [simulate: one-turn]"
APPROVE, REQUEST_CHANGES = "review.approve", "review.request_changes"


@dataclass
class World:
    """`keys` and `slack` by person: their API key, and their id in Slack."""

    addresses: Addresses
    simulators: Simulators
    outside: Outside
    keys: dict[str, str]
    slack: dict[str, str]

    # The API

    def api(self, person: str = REQUESTER) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.keys[person]}"}
        return httpx.AsyncClient(
            base_url=f"{self.addresses.api_url}/api/v1", headers=headers, timeout=60, trust_env=False
        )

    async def get(self, path: str) -> Any:
        async with self.api() as api:
            answer = await api.get(path)
        answer.raise_for_status()
        return answer.json()

    async def post(self, person: str, path: str, **body: object) -> httpx.Response:
        async with self.api(person) as api:
            return await api.post(path, json=body)

    async def ask(self, name: str, **more: object) -> str:
        """Ask for an integration by the API; returns its id."""
        document = {"url": self.outside.cities_document}
        body = {"title": f"Cities for {name}", "description": DESCRIPTION, "name": name, "document": document}
        answer = await self.post(REQUESTER, "/integrations", **{**body, **more})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["integration_id"])

    async def requested(self, name: str) -> str:
        """The id of the integration that an issue asks for, once there is one."""

        async def there() -> str | None:
            listed = (await self.get("/integrations?limit=200"))["items"]
            return next((str(each["id"]) for each in listed if each["name"] == name), None)

        return await eventually(there, f"{name} requested")

    async def run(self, name: str) -> Json:
        """Where the run of an integration stands."""
        found: Json = (await self.get(f"/integrations/{name}/run"))["status"]
        return found

    async def until(self, name: str, stage: str, reached: Callable[[Json], bool] = lambda _: True) -> Json:
        """The run, once it is in `stage` and `reached`; it may not be over in any other."""

        async def there() -> Json | None:
            run = await self.run(name)
            over = run["stage"] in {"active", "failed"} and run["stage"] != stage
            assert not over, f"{name} is {run['stage']}: {run['failure']}"
            return run if run["stage"] == stage and reached(run) else None

        return await eventually(there, f"{name} {stage}")

    async def reviewable(self, name: str, other_than: str | None = None) -> Json:
        """The run, once it waits for people, with other content than `other_than`."""
        return await self.until(
            name, "reviewing", lambda run: run["waiting"] is not None and run["content_hash"] != other_than
        )

    async def approve(self, person: str, name: str, content_hash: str) -> httpx.Response:
        return await self.post(person, f"/integrations/{name}/reviews", decision="approve", content_hash=content_hash)

    # GitHub

    async def github(self, path: str) -> Any:
        """Something of the repository, by GitHub's own API, all pages in one."""
        token = self.simulators.config["github"]["token"]
        url = f"{self.simulators.github_url}/repos/{self.addresses.repository}/{path}"
        async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {token}"}) as client:
            answer = await client.get(httpx.URL(url).copy_merge_params({"per_page": "100"}))
        answer.raise_for_status()
        assert "next" not in answer.links
        return answer.json()

    async def open_issue(self, name: str, *, document: str | None, description: str = DESCRIPTION) -> Json:
        """ada opens an issue; what GitHub made, and the deliveries that followed."""
        lines = [description, f"Name: {name}", *([f"API document: {document}"] if document else [])]
        return await self.simulators.act(
            "github",
            "issues",
            user=REQUESTER,
            title=f"Cities for {name}",
            body="\n\n".join(lines),
            labels=["integration"],
        )

    async def comments(self, number: int) -> list[Json]:
        """The comments of an issue or a pull request."""
        found: list[Json] = await self.github(f"issues/{number}/comments")
        return found

    async def refs(self) -> dict[str, str]:
        found: dict[str, str] = (await self.simulators.look("github", "state"))["refs"]
        return found

    async def pulls(self, name: str) -> list[Json]:
        """Every pull request there ever was for an integration."""
        found: list[Json] = (await self.simulators.look("github", "state"))["pulls"]
        return [each for each in found if each["pull"]["head_ref"].startswith(f"ccb/{name}-")]

    async def merges(self, name: str) -> list[Json]:
        """The merges of an integration's pull request on the main branch."""
        commits = await self.github("commits")
        return [
            each
            for each in commits
            if each["commit"]["message"].startswith(f"Add integration {name} ") and len(each["parents"]) > 1
        ]

    # Slack

    async def messages(self, name: str) -> list[Json]:
        """What was posted about an integration and not deleted, oldest first."""
        return [each for each in await self.everything_posted() if f"{name} 1.0.0" in json.dumps(each)]

    async def everything_posted(self) -> list[Json]:
        found: list[Json] = (await self.simulators.look("slack", "messages"))["messages"]
        return [each for each in found if not each["deleted"]]

    async def answers(self) -> list[Json]:
        """What was answered in Slack to whoever did something, and shown to nobody else."""
        found: list[Json] = (await self.simulators.look("slack", "responses"))["responses"]
        return found

    async def click(self, person: str, message: Json, action: str) -> None:
        clicked = await self.simulators.act(
            "slack", "click", user=person, channel=message["channel"], ts=message["ts"], action=action
        )
        assert clicked["status"] == 200, clicked

    async def request_changes(self, person: str, message: Json, words: str) -> None:
        """Click, and write in the form that opens; clicked again, as people would, if it opened too late."""

        async def opened() -> bool | None:
            views = (await self.simulators.look("slack", "views", user=person))["views"]
            return any(each["type"] == "modal" for each in views) or None

        for _ in range(5):
            await self.click(person, message, REQUEST_CHANGES)
            with suppress(TimeoutError):
                await until(opened, within=10)
                break
        done = await self.simulators.act("slack", "submit", user=person, values={"words": words})
        assert done["shown"] == "closed", done

    # The runner, and what runs there

    async def deployments(self, name: str) -> list[Json]:
        key = json.loads((self.addresses.data_dir / "secrets.json").read_text())["runner_key"]
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.get(f"{self.addresses.runner_url}/deployments", headers=headers)
        answer.raise_for_status()
        return [each for each in answer.json() if each["name"] == name]

    async def call(self, url: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            return await client.get(url)

    # Claude

    async def bought(self, name: str) -> int:
        """How many turns Claude really answered for an integration's run."""
        entries = await self.simulators.journal("claude", path=r"/v1/messages$")
        return len([each for each in entries if each.status == 200 and f"Cities for {name}" in each.body])

    async def billing(self) -> dict[str, int]:
        found: dict[str, int] = await self.simulators.look("claude", "billing")
        return found

    async def arrived(self, vendor: str, method: str, path: str, *, since: int) -> Entry:
        """The first request to a vendor after number `since`, as soon as it has arrived."""

        async def there() -> Entry | None:
            entries = await self.simulators.journal(vendor, since=since, method=method, path=path)
            return entries[0] if entries else None

        return await eventually(there, f"{method} {path} at {vendor}")


async def eventually(ask: Callable[[], Awaitable[T | None]], what: str, *, within: float = PATIENCE) -> T:
    """What `ask` finds, as soon as it does. A server that is just being started again is asked again."""
    deadline, last = time.monotonic() + within, "nothing"
    while time.monotonic() < deadline:
        try:
            if (found := await ask()) is not None:
                return found
        except httpx.TransportError as error:
            last = repr(error)
        except httpx.HTTPStatusError as error:
            if error.response.status_code < 500:
                raise
            last = error.response.text
        await asyncio.sleep(0.05)
    raise AssertionError(f"not in {within:g} s: {what} (last: {last})")


@asynccontextmanager
async def inhabited(addresses: Addresses, outside: Outside) -> AsyncIterator[World]:
    """The stack with people in it: ada, who asks, and two who review; all of them might."""
    config = json.loads((addresses.data_dir / "simulators.json").read_text())
    assert addresses.simulators_url is not None
    async with Simulators(addresses.simulators_url, config=config) as simulators:
        operator = (addresses.data_dir / "operator.key").read_text().strip()
        world = World(addresses, simulators, outside, {"operator": operator}, {})
        for name in (REQUESTER, *REVIEWERS):
            world.slack[name] = str((await simulators.act("slack", "users", name=name))["id"])
            added = await world.post(
                "operator", "/people", name=name, role="reviewer", github=name, slack=world.slack[name]
            )
            assert added.status_code == 201, added.text
            key = await world.post("operator", f"/people/{added.json()['id']}/keys", label="tests")
            world.keys[name] = key.json()["key"]
        yield world
