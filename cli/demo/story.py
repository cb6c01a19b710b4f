"""The demo's story: an issue, a run, a second person's click, a service that answers. Everything is read back."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

import httpx
from pydantic import SecretStr

from cli.client import Api, Run
from cli.demo.result import CapabilityCall, DemoResult, Health, StageSeconds, Tests
from cli.errors import CliError
from cli.stack import Addresses
from domain.lifecycle import Stage
from domain.plan import Capability
from domain.registry import Page
from simulators.kit import Simulators

REQUESTER, REVIEWER = "ada", "grace"
LABEL = "integration"
_EVERY = 0.3
_PATIENCE = 300.0


class DemoFailed(CliError):
    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=1, code="demo_failed")


class Story:
    """`on_run` is shown the run whenever it was asked; `say` gets a line about what people do."""

    def __init__(
        self, api: Api, addresses: Addresses, *, say: Callable[[str], None], on_run: Callable[[Run], None]
    ) -> None:
        if addresses.simulators_url is None:
            raise DemoFailed("The demo needs the simulators.")
        self._api = api
        config = json.loads((addresses.data_dir / "simulators.json").read_text())
        self._simulators = Simulators(addresses.simulators_url, config=config)
        self._issue = 0
        self._repository = addresses.repository
        self._say = say
        self._on_run = on_run
        self._began = time.monotonic()

    async def tell(self, title: str, body: str) -> tuple[DemoResult, Run]:
        async with self._simulators:
            await self._people()
            await self._open_issue(title, body)
            run = await self._until(await self._requested(), lambda run: run.status.stage is Stage.REVIEWING)
            await self._approve(run)
            name = run.status.integration_id
            run = await self._until(name, lambda run: run.status.stage is Stage.ACTIVE or _wants_secrets(run))
            if _wants_secrets(run):
                await self._give_secrets(run)
                run = await self._until(name, lambda run: run.status.stage is Stage.ACTIVE)
            return await self._read_back(run), run

    async def _people(self) -> None:
        """Somebody who asks, and somebody else who reviews."""
        slack = await self._simulators.act("slack", "users", name=REVIEWER)
        for name, names in ((REQUESTER, {"github": REQUESTER}), (REVIEWER, {"slack": str(slack["id"])})):
            role = "developer" if name == REQUESTER else "reviewer"
            await asyncio.to_thread(self._api.add_person, {"name": name, "role": role, **names})

    async def _open_issue(self, title: str, body: str) -> None:
        opened = await self._simulators.act("github", "issues", user=REQUESTER, title=title, body=body, labels=[LABEL])
        if opened["status"] != httpx.codes.ACCEPTED:
            raise DemoFailed(f"The webhook of the issue was answered with {opened['status']}, not 202.")
        self._issue = int(opened["result"]["number"])
        self._say(f"{REQUESTER} opened issue #{self._issue}: {title}")

    async def _requested(self) -> str:
        """The id of the integration that the issue asked for; there is none before its webhook is handled."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            said = await self._comment()
            page = await asyncio.to_thread(self._api.ask, Page, "/api/v1/integrations?limit=1")
            if page.items:
                return page.items[0].id
            if said is not None:  # a run that was begun has its row before its comment
                raise DemoFailed(reason(said))
            await asyncio.sleep(_EVERY)
        raise DemoFailed("The issue's webhook did not lead to a run within 30 s; see the logs of api and workers.")

    async def _comment(self) -> str | None:
        """What the bot answered in the issue: where no run was started, why not."""
        comments = await self._github(f"issues/{self._issue}/comments")
        return str(comments[-1]["body"]) if comments else None

    async def _until(self, name: str, reached: Callable[[Run], bool]) -> Run:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            run = await asyncio.to_thread(self._api.run, name)
            self._on_run(run)
            if run.status.failure is not None:
                raise DemoFailed(f"The run failed while {run.status.failure.stage}: {run.status.failure.error.message}")
            if reached(run):
                return run
            await asyncio.sleep(_EVERY)
        raise DemoFailed(f"The run is still {run.status.stage} ({run.status.step}) after {_PATIENCE:.0f} s.")

    async def _approve(self, run: Run) -> None:
        """The second person presses Approve in Slack."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for message in (await self._simulators.look("slack", "messages"))["messages"]:
                if run.status.integration_id in str(message.get("blocks")):
                    clicked = await self._simulators.act(
                        "slack",
                        "click",
                        user=REVIEWER,
                        channel=message["channel"],
                        ts=message["ts"],
                        action="review.approve",
                    )
                    if clicked["status"] != httpx.codes.OK:
                        raise DemoFailed(f"The click in Slack was answered with {clicked['status']}, not 200.")
                    self._say(f"{REVIEWER} pressed Approve in Slack")
                    return
            await asyncio.sleep(_EVERY)
        raise DemoFailed("No request for a review came to Slack within 30 s.")

    async def _give_secrets(self, run: Run) -> None:
        """Set what is missing to random values: the outside API here is a stand-in, which asks for none."""
        name = run.status.integration_id
        self._say(f"The run waits for {run.status.waiting.what if run.status.waiting else 'secrets'}")
        for wanted in await asyncio.to_thread(self._api.secrets, name):
            if wanted.required and not wanted.is_set:
                value = SecretStr(secrets.token_urlsafe(32))
                await asyncio.to_thread(self._api.set_secret, name, wanted.name, value)
                self._say(f"An operator set {wanted.name} to a random value")

    async def _read_back(self, run: Run) -> DemoResult:
        """Ask each thing where it lives: the pull request at GitHub, the service at its URL, the rest at the API."""
        status = run.status
        if status.plan is None or status.url is None or status.pull_request is None or status.tests is None:
            raise DemoFailed("The run is active, and yet does not say what it made.")
        pull = await self._github(f"pulls/{status.pull_request.number}")
        if not pull["merged"]:
            raise DemoFailed(f"Pull request {pull['html_url']} is not merged.")
        capability = chosen(status.plan.capabilities)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            health = await client.get(f"{status.url}/health")
            called = await client.request(capability.method, f"{status.url}{capability.example or capability.route}")
        return DemoResult(
            integration=str(status.name),
            version=status.version,
            stage=status.stage,
            run_id=run.run_id,
            workflow_id=run.workflow_id,
            pull_request=pull["html_url"],
            url=status.url,
            health=Health(status_code=health.status_code),
            capability=CapabilityCall(name=capability.name, status_code=called.status_code),
            tests=Tests(passed=status.tests.passed, failed=status.tests.failed),
            cost_usd=status.spent.usd,
            seconds=round(time.monotonic() - self._began, 2),
            stages=[StageSeconds(name=one.name, seconds=round(one.seconds, 2)) for one in status.stages],
        )

    async def _github(self, path: str) -> Any:  # noqa: ANN401 - GitHub's JSON
        """Read something of the repository at GitHub, by its REST API."""
        token = self._simulators.config["github"]["token"]
        async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {token}"}) as client:
            answer = await client.get(f"{self._simulators.github_url}/repos/{self._repository}/{path}")
        answer.raise_for_status()
        return answer.json()


def reason(comment: str) -> str:
    """Why nothing was begun, out of a comment of the bot: the failure's own words, or all it says."""
    found = re.search(r"^\*\*Failed while \w+\*\*: (.+)$", comment, re.MULTILINE)
    return found[1] if found else " ".join(re.sub(r"<!--.*?-->", "", comment).split())


def _wants_secrets(run: Run) -> bool:
    return run.status.waiting is not None and run.status.waiting.what.startswith("the secrets")


def chosen(capabilities: list[Capability]) -> Capability:
    """One that only reads and can be called as it stands; else one with an example; else the first."""
    plain = [one for one in capabilities if one.method == "get" and (one.example or "{" not in one.route)]
    return (plain or [one for one in capabilities if one.example] or capabilities)[0]
