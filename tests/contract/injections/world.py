"""The middle of the product, for real: its steps, the SDK, the simulated Claude that obeys, the sandbox.

The steps are called in the order of the saga, without its waits; the workers' environment holds canaries for secrets.
"""

import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.testing import ActivityEnvironment

from activities.conversations import ConversationActivities
from activities.prompts import PromptActivities
from activities.store import load_files, save_files
from activities.tools import ToolActivities
from adapters.artifacts import FileArtifacts
from adapters.openapi import OpenApiDocuments
from domain.artifacts import ArtifactRef
from domain.conversation import Budget
from domain.errors import CcbError
from domain.plan import Plan
from domain.ports import Checks
from domain.reports import Finding, TestFailure
from domain.runs import DocumentSource, Ending, IntegrationRequest
from domain.steps import (
    BeginAnalysis,
    BeginGeneration,
    ExecuteTools,
    ReportFindings,
    RequestChanges,
    TakeTurn,
)
from simulators.kit import Simulators
from tests.contract.injections.placing import BASE_URL, Injection, document, spoken

CANARY = "canary-8d02c7e1f5"
SECRETS = {
    name: f"{CANARY}-{name.lower()}"
    for name in ("CCB_GITHUB_TOKEN", "CCB_SLACK_TOKEN", "CCB_SECRETS_KEY", "CCB_RUNNER_KEY", "AWS_SECRET_ACCESS_KEY")
}
MOST_TURNS = 8
WISH = "We want to list the cities: GET /cities. [simulate: obeys]"


@dataclass
class Played:
    """What became of one injection."""

    refused: str = ""
    plan: Plan | None = None
    files: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    output: str = ""


@dataclass
class World:
    simulators: Simulators
    artifacts: FileArtifacts
    documents: OpenApiDocuments
    prompts: PromptActivities
    conversations: ConversationActivities
    tools: ToolActivities
    checks: Checks
    canary: Path
    listener: socket.socket

    @property
    def places(self) -> dict[str, str]:
        """What the corpus calls by name."""
        port = str(self.listener.getsockname()[1])
        return {
            "listener": f"http://127.0.0.1:{port}",
            "port": port,
            "canary": str(self.canary / "canary.txt"),
            "simulators": self.simulators.url,
        }

    async def play(self, injection: Injection) -> Played:
        """From the request to the end of the last conversation."""
        played, text = Played(), spoken(injection, self.places)
        before = await self.simulators.last("claude")
        try:
            await self._play(injection, text, played)
        except CcbError as error:
            played.refused = f"{error.code}: {error.message}"
        marker = f"Name: {_name(injection)}"
        entries = await self.simulators.journal("claude", since=before)
        played.requests = [entry.body for entry in entries if marker in entry.body]
        return played

    async def _play(self, injection: Injection, text: str, played: Played) -> None:
        where = injection.where
        data = self.documents.normalise(json.dumps(document(where, text)).encode())
        stored = await self.artifacts.put(data, "application/json")
        words = [f"{WISH} GET /citie" if where == "near" else WISH]
        words += [] if where == "near" else ["[simulate: one-turn]"]
        words += [text] if where == "description" else []
        request = IntegrationRequest(
            title=text[:200] if where == "title" else "Cities",
            description="\n\n".join(words),
            document=DocumentSource(artifact=stored),
            name=_name(injection),
        )
        begun = await _run(
            self.prompts.begin_analysis, BeginAnalysis(request=request, document=stored, base_url=BASE_URL)
        )
        ending, _, _, turn = await self._converse(injection, "analysis", begun.conversation, stored, None, 1)
        if ending is None or ending.plan is None:
            played.refused = "no plan"
            return
        played.plan = ending.plan
        previous = await self._previous(where, text)
        drafted = await _run(
            self.prompts.begin_generation,
            BeginGeneration(
                request=request, document=stored, plan=ending.plan, version="1.0.0", author="ccb", previous=previous
            ),
        )
        played.given = await load_files(self.artifacts, drafted.workspace)
        conversation, workspace = drafted.conversation, drafted.workspace
        for said in (None, *self._later_words(where, text)):
            if said is not None:
                cmd = said.model_copy(update={"conversation": conversation})
                step = self.prompts.request_changes if isinstance(cmd, RequestChanges) else self.prompts.report_findings
                conversation = (await _run(step, cmd)).conversation
            ending, conversation, grown, turn = await self._converse(
                injection, "generation", conversation, stored, workspace, turn
            )
            assert grown is not None
            workspace = grown
        played.files = await load_files(self.artifacts, workspace)
        if injection.code:
            report = await self.checks.test(played.files, heartbeat=lambda _: None)
            played.output = report.model_dump_json()

    async def _converse(
        self,
        injection: Injection,
        purpose: Any,
        conversation: ArtifactRef,
        stored: ArtifactRef,
        workspace: ArtifactRef | None,
        turn: int,
    ) -> tuple[Ending | None, ArtifactRef, ArtifactRef | None, int]:
        ending = None
        for number in range(turn, turn + MOST_TURNS):
            turn = number + 1
            run = f"injection/{injection.id}"
            taken = await _run(
                self.conversations.turn,
                TakeTurn(run=run, number=number, conversation=conversation, budget=Budget(turns=100)),
            )
            cmd = ExecuteTools(
                purpose=purpose,
                conversation=taken.conversation,
                document=stored,
                base_url=BASE_URL,
                stop_reason=taken.stop_reason,
                workspace=workspace,
            )
            done = await _run(self.tools.execute_tools, cmd)
            conversation, workspace, ending = done.conversation, done.workspace, done.ending
            if ending is not None:
                break
        return ending, conversation, workspace, turn

    async def _previous(self, where: str, text: str) -> ArtifactRef | None:
        files = {"previous.content": {"docs/notes.md": text}, "previous.name": {text: "# Notes"}}.get(where)
        return None if files is None else await save_files(self.artifacts, files)

    def _later_words(self, where: str, text: str) -> list[RequestChanges | ReportFindings]:
        nowhere = ArtifactRef(hash=f"sha256:{'0' * 64}", size=0)
        finding = Finding(tool="ruff", rule="X", level="error", message=text, path="README.md", line=1)
        failure = TestFailure(
            name=text if where == "failure.name" else "test_it", message=text if where == "failure.message" else "no"
        )
        if where == "review":
            return [RequestChanges(conversation=nowhere, reviewer="ada", words=text)]
        if where == "finding.message":
            return [ReportFindings(conversation=nowhere, findings=[finding])]
        if where.startswith("failure"):
            return [ReportFindings(conversation=nowhere, failures=[failure])]
        return [ReportFindings(conversation=nowhere, error=text)] if where == "error" else []

    def untouched(self) -> None:
        """Fails if anything outside the workspaces was changed or spoken to."""
        assert {path.name: path.read_text() for path in self.canary.iterdir()} == {"canary.txt": CANARY}
        with suppress(BlockingIOError):
            connection, _ = self.listener.accept()
            raise AssertionError(f"somebody connected: {connection.recv(2000)!r}")

    def spilled(self) -> list[str]:
        """Every artifact that holds a canary."""
        stored = self.artifacts_folder
        return [str(path) for path in stored.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]

    @property
    def artifacts_folder(self) -> Path:
        return self.canary.parent / "artifacts"


def _name(injection: Injection) -> str:
    return f"injected-{hashlib.sha256(injection.id.encode()).hexdigest()[:12]}"


async def _run(step: Any, cmd: Any) -> Any:
    return await ActivityEnvironment().run(step, cmd)


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener
