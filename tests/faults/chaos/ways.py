"""The public ways in, as people use them: patient, because everything may be away for a while."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import httpx

from tests.e2e.outside import Outside

Json = dict[str, Any]
T = TypeVar("T")

REQUESTER, REVIEWERS = "ada", ("grace", "alan")
_AGAIN: Final = 0.3
"""Seconds until somebody who got no answer tries again."""

_ENDED: Final = frozenset({"active", "failed", "deprecated", "retired"})


class Late(Exception):
    """It did not happen in time."""


def over(run: Json) -> bool:
    """It goes nowhere from there by itself."""
    return run["stage"] in _ENDED


DEPLOYED: Final = frozenset({"active", "failed"})


@dataclass
class Asked:
    """What somebody asked for, and how it may end; `integration_id` is None where it was refused."""

    name: str
    kind: str
    may_end: frozenset[str] = DEPLOYED
    integration_id: str | None = None
    trouble: str | None = None
    secrets: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.integration_id or ""


@dataclass
class Ways:
    """`keys` and `slack` by person. `deadline` is by the monotonic clock: nobody waits longer."""

    api_url: str
    automatic_url: str
    simulators_url: str
    outside: Outside
    keys: dict[str, str]
    deadline: float

    async def until(self, ask: Callable[[], Awaitable[T | None]], what: str) -> T:
        """What `ask` finds, as soon as it does; servers that are away are asked again. Raises Late."""
        last = "nothing"
        while time.monotonic() < self.deadline:
            try:
                if (found := await ask()) is not None:
                    return found
            except httpx.HTTPError as error:
                last = repr(error)
            await asyncio.sleep(_AGAIN)
        raise Late(f"{what} (last: {last})")

    # The API

    async def call(self, person: str, method: str, path: str, *, key: str | None = None, **body: object) -> Json:
        """The answer, with its `status_code`: repeated until one comes that says yes or no."""
        headers = {"Authorization": f"Bearer {self.keys[person]}"} | ({"Idempotency-Key": key} if key else {})
        url = path if path.startswith("http") else f"{self.api_url}/api/v1{path}"

        async def answered() -> Json | None:
            async with httpx.AsyncClient(trust_env=False, timeout=40) as client:
                answer = await client.request(method, url, headers=headers, json=body if method != "GET" else None)
            if answer.status_code >= 400 and "retry-after" in answer.headers:
                answer.raise_for_status()  # a killed process's claim of this key among them
            if answer.status_code >= 500:
                answer.raise_for_status()
            found = answer.json() if answer.content else {}
            found = found if isinstance(found, dict) else {"items": found}
            return {**found, "status_code": answer.status_code}

        return await self.until(answered, f"{method} {path}")

    async def ask(self, name: str, *, automatic: bool = False, **more: object) -> Json:
        """Ask for an integration; the answer."""
        base = self.automatic_url if automatic else self.api_url
        body = {
            "title": f"Cities for {name}",
            "description": "We want to know the cities: GET /cities. [simulate: one-turn]",
            "name": name,
            "document": {"url": self.outside.cities_document},
        }
        return await self.call(REQUESTER, "POST", f"{base}/api/v1/integrations", key=name, **{**body, **more})

    async def run(self, integration: str) -> Json:
        """Where its run stands, as far as anybody knows."""
        found = await self.call(REQUESTER, "GET", f"/integrations/{integration}/run")
        return {} if found["status_code"] != 200 else dict(found["status"])

    async def at(self, integration: str, reached: Callable[[Json], bool], what: str) -> Json:
        """The run, once it is as wanted, or once it has ended."""

        async def there() -> Json | None:
            run = await self.run(integration)
            return run if run and (over(run) or reached(run)) else None

        return await self.until(there, f"{integration} {what}")

    async def found(self, name: str) -> str:
        """The id of the integration that an issue asked for."""

        async def there() -> str | None:
            cursor = ""
            while True:
                page = await self.call(REQUESTER, "GET", f"/integrations?limit=200{cursor}")
                for each in page["items"]:
                    if each["name"] == name:
                        return str(each["id"])
                if not page.get("next_cursor"):
                    return None
                cursor = f"&cursor={page['next_cursor']}"

        return await self.until(there, f"{name} asked for")

    # What people do at GitHub and in Slack

    async def act(self, vendor: str, route: str, **body: object) -> Json:
        async def done() -> Json | None:
            async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
                answer = await client.post(f"{self.simulators_url}/_sim/{vendor}/{route}", json=body)
            return {**answer.json(), "status_code": answer.status_code}

        return await self.until(done, f"{vendor} {route}")

    async def delivered(self, done: Json) -> None:
        """GitHub sends a webhook once. A person sends what was not taken again, from its page of deliveries."""
        for delivery in done.get("deliveries", []):
            status = delivery["status"]
            while not 200 <= status < 300:
                if time.monotonic() > self.deadline:
                    raise Late(f"delivery {delivery['id']}: {status}")
                await asyncio.sleep(_AGAIN)
                status = (await self.act("github", "redeliver", delivery_id=delivery["id"]))["status"]

    async def open_issue(self, name: str, *, document: str | None = None) -> int:
        lines = ["We want to know the cities: GET /cities. [simulate: one-turn]", f"Name: {name}"]
        body = "\n\n".join([*lines, f"API document: {document or self.outside.cities_document}"])
        done = await self.act(
            "github", "issues", user=REQUESTER, title=f"Cities for {name}", body=body, labels=["integration"]
        )
        await self.delivered(done)
        return int(done["result"]["number"])

    async def forms(self, person: str) -> list[Json]:
        """What is open before somebody in Slack."""

        async def there() -> list[Json] | None:
            async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
                answer = await client.get(f"{self.simulators_url}/_sim/slack/views", params={"user": person})
            return [each for each in answer.json()["views"] if each["type"] == "modal"]

        return await self.until(there, "the forms")

    async def message(self, name: str) -> Json | None:
        """The message that asks for its review."""

        async def there() -> list[Json] | None:
            async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
                answer = await client.get(f"{self.simulators_url}/_sim/slack/messages")
            return list(answer.json()["messages"])

        posted = await self.until(there, "the messages")
        return next((each for each in posted if not each["deleted"] and f"{name} 1.0.0" in json.dumps(each)), None)
