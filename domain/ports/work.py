"""What does the work: checks, the deployment target, runs, and reading what comes in."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol

from pydantic import SecretStr

from domain.checkpoints import Kept
from domain.conversation import Budget
from domain.intents import Intent
from domain.operations import LaterWork
from domain.people import Actor
from domain.reports import CheckReport, TestReport
from domain.review import Review
from domain.runs import (
    Abandon,
    CreateIntegration,
    Delivery,
    HeadMoved,
    Pause,
    RaiseBudget,
    Resume,
    RunAccepted,
    RunStatus,
)
from domain.vendors import (
    DeploymentSpec,
    DeploymentStatus,
    LogLine,
    Notice,
    Traffic,
)


class Checks(Protocol):
    """Validators and tests. Generated code is hostile: all of it runs in the sandbox only."""

    async def check(
        self,
        files: Mapping[str, str],
        *,
        heartbeat: Callable[[str], None],
        baseline: Mapping[str, str] | None = None,
        previous: Mapping[str, str] | None = None,
    ) -> CheckReport:
        """All five kinds, in parallel. What was found for the same content by the same tools is not looked for again.

        `baseline` is an earlier revision of the same version, against which tests may not grow weaker; `previous` is
        the version before, against which the semantic version is judged.
        """

    async def test(self, files: Mapping[str, str], *, heartbeat: Callable[[str], None]) -> TestReport:
        """A failing or crashing test run is a result, not an error. If all pass, mutants put the tests to the test."""


class Target(Protocol):
    """Where versions run, and the stable URLs in front of them: `name` is one's, as `domain.ids.route` makes it."""

    async def start(
        self,
        spec: DeploymentSpec,
        bundle: bytes,
        *,
        configuration: Mapping[str, str],
        secrets: Mapping[str, SecretStr],
        heartbeat: Callable[[str], None],
    ) -> DeploymentStatus:
        """Install and start; returns when the process is started, not yet healthy. Repeated: finds it running."""

    async def status(self, deployment_id: str) -> DeploymentStatus:
        """Asks the deployment's own health check. State `absent` if there is none."""

    async def switch(self, name: str, deployment_id: str | None) -> str:
        """Point the stable URL `name` at the deployment (None: at nothing), read it back, return the URL."""

    async def live(self, name: str) -> str | None:
        """The deployment id the stable URL points at."""

    async def split(self, name: str, candidate: str, *, percent: int) -> None:
        """Send `percent` of the stable URL's requests to `candidate`, the rest to the live deployment; 0 ends it.

        A switch ends it too. Requests under way are finished where they began. Raises NotFound, InvalidInput.
        """

    async def traffic(self, deployment_id: str, *, seconds: float) -> Traffic:
        """The requests of the last `seconds`, as the stable URL's front saw them. Raises NotFound."""

    async def announce(self, name: str, notice: Notice | None) -> None:
        """Have every answer of the stable URL say that it will end; None takes it back. Raises NotFound."""

    async def stop(self, deployment_id: str) -> None:
        """Stop and remove it with its files; nothing there is fine. Its logs stay."""

    async def logs(self, deployment_id: str, *, limit: int) -> list[LogLine]: ...

    def follow(self, deployment_id: str) -> AsyncIterator[LogLine]: ...


class Runs(Protocol):
    """Starting, steering and asking runs. Raises NotFound for a run that is not there, and what the run refuses."""

    async def start_create(self, cmd: CreateIntegration) -> RunAccepted:
        """Start the saga and return once its row is written. The same integration id again: the first answer.

        Raises what the run refuses the request with (InvalidDocument, Unreachable, NameTaken, …).
        """

    async def start(self, cmd: LaterWork) -> RunAccepted:
        """Start a run on an integration that exists, and return once its beginning is written.

        Raises Conflict where a run of it is under way, with its workflow id, and what the run refuses.
        """

    async def submit_review(self, integration_id: str, review: Review) -> RunStatus: ...

    async def abandon(self, integration_id: str, cmd: Abandon) -> RunStatus: ...

    async def raise_budget(self, integration_id: str, cmd: RaiseBudget) -> RunStatus: ...

    async def pause(self, integration_id: str, cmd: Pause) -> RunStatus:
        """Hold the run at its next step."""

    async def resume(self, integration_id: str, cmd: Resume) -> RunStatus: ...

    async def retry(self, kept: Kept, *, by: Actor, budget: Budget | None = None, request_key: str = "") -> RunAccepted:
        """Start a run that failed again, from what it left; `budget` in place of the one that it had.

        Asked again with the same `request_key` while that run is under way, it is that run.

        Raises Conflict where a run is under way, and what the run refuses: NameTaken, NotFound.
        """

    async def head_moved(self, integration_id: str, moved: HeadMoved) -> None:
        """Tell a run that its pull request's branch has a commit of somebody else's."""

    async def secrets_changed(self, integration_id: str) -> None:
        """Wake a run that waits for secrets; a run that does not is left alone."""

    async def limits_changed(self) -> int:
        """Wake the conversations that wait for room in a limit; how many were told."""

    async def status(self, integration_id: str) -> RunStatus:
        """Live, with the conversation under way."""


class Inbox(Protocol):
    """Reads deliveries of one source. Holds no write credentials."""

    async def interpret(self, delivery: Delivery, body: bytes) -> Intent: ...
