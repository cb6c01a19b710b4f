"""Whole conversations, by the product's own activities over the real adapter; only the workflow around them is absent.

The validators and tests are stood in for: they say that all is well, or once that something is not. How a conversation
grows, and what of it is cached, depends on the length of what they say and on nothing else of them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from activities.context import Context
from activities.prompts import PromptActivities
from activities.store import load_conversation, save_conversation
from activities.tools import ToolActivities
from adapters.artifacts import ArtifactSettings, open_artifacts
from adapters.claude.client import AnthropicClaude
from adapters.database import Database, DatabaseSettings, SqlIntegrations
from adapters.database.migrate import migrate
from adapters.openapi import OpenApiDocuments, OpenApiSettings
from domain.artifacts import ArtifactRef, content_hash
from domain.conversation import Answer, Conversation, Message, Usage
from domain.plan import Plan
from domain.reports import CheckReport, Effect, Finding, TestReport
from domain.runs import DocumentSource, Ending, IntegrationRequest
from domain.steps import BeginAnalysis, BeginGeneration, ExecuteTools

MODEL = "claude-sonnet-5-5"
_MOST_TURNS = 30
_REPORT = ArtifactRef(hash=content_hash(b""), size=0)


class Well:
    """Checks that find nothing, after finding `findings` the first time."""

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings

    async def check(
        self,
        files: Mapping[str, str],
        *,
        heartbeat: Callable[[str], None],
        baseline: Mapping[str, str] | None = None,
        previous: Mapping[str, str] | None = None,
    ) -> CheckReport:
        found, self._findings = self._findings, []
        return CheckReport(findings=found, report=_REPORT, seconds=0)

    async def test(self, files: Mapping[str, str], *, heartbeat: Callable[[str], None]) -> TestReport:
        return TestReport(passed=30, failed=0, skipped=0, seconds=0)


@dataclass
class Talk:
    """A conversation that was held: what each turn used, how it ended, and all that was said."""

    usages: list[Usage] = field(default_factory=list)
    ending: Ending | None = None
    conversation: Conversation | None = None
    workspace: ArtifactRef | None = None
    tools: list[str] = field(default_factory=list)

    @property
    def cached_share(self) -> float:
        """Of the input tokens from the second turn on, those that were read from the cache."""
        return cached_share(self.usages[1:])


def cached_share(usages: list[Usage]) -> float:
    read = sum(usage.cache_read_input_tokens for usage in usages)
    return read / sum(usage.total_tokens - usage.output_tokens for usage in usages)


class Talking:
    """Makes conversations about one document."""

    def __init__(self, claude: AnthropicClaude, database: Database, folder: Path, *, tokens: int = 40_000) -> None:
        self.claude = claude
        self.artifacts = open_artifacts(ArtifactSettings(url=f"file://{folder}/artifacts"))
        self.documents = OpenApiDocuments(OpenApiSettings())
        self.integrations = SqlIntegrations(database)
        context = Context(self.documents, self.artifacts, self.integrations, tokens=tokens)
        self.prompts = PromptActivities(context, self.artifacts, model=MODEL, max_tokens=32_000)

    @staticmethod
    async def database(folder: Path) -> Database:
        url = f"sqlite+aiosqlite:///{folder}/ccb.db"
        await migrate(url)
        return await Database.open(DatabaseSettings(url=SecretStr(url)))

    async def analysis(self, document: bytes, request: IntegrationRequest, base_url: str) -> Talk:
        ref = await self.artifacts.put(document, "application/json")
        begun = await self.prompts.begin_analysis(BeginAnalysis(request=request, document=ref, base_url=base_url))
        return await self._held("analysis", begun.conversation, ref, base_url, None, [])

    async def generation(
        self,
        document: bytes,
        request: IntegrationRequest,
        plan: Plan,
        *,
        findings: list[Finding] | None = None,
        previous: ArtifactRef | None = None,
    ) -> Talk:
        ref = await self.artifacts.put(document, "application/json")
        begin = BeginGeneration(
            request=request, document=ref, plan=plan, version="1.0.0", author="ada", previous=previous
        )
        drafted = await self.prompts.begin_generation(begin)
        return await self._held(
            "generation", drafted.conversation, ref, plan.base_url, drafted.workspace, findings or []
        )

    async def _held(
        self,
        purpose: str,
        begun: ArtifactRef,
        document: ArtifactRef,
        base_url: str,
        workspace: ArtifactRef | None,
        findings: list[Finding],
    ) -> Talk:
        talk = Talk(workspace=workspace)
        tools = ToolActivities(self.documents, Well(findings), self.artifacts)
        ref = begun
        while talk.ending is None:
            assert len(talk.usages) < _MOST_TURNS
            ref, answer = await self._turn(ref)
            talk.usages.append(answer.usage)
            talk.tools += [use.name for use in answer.tool_uses]
            cmd = ExecuteTools.model_validate(
                {
                    "purpose": purpose,
                    "conversation": ref,
                    "document": document,
                    "base_url": base_url,
                    "stop_reason": answer.stop_reason,
                    "workspace": talk.workspace,
                }
            )
            done = await ActivityEnvironment().run(tools.execute_tools, cmd)
            ref, talk.workspace, talk.ending = done.conversation, done.workspace, done.ending
        talk.conversation = await load_conversation(self.artifacts, ref)
        return talk

    async def _turn(self, ref: ArtifactRef) -> tuple[ArtifactRef, Answer]:
        conversation = await load_conversation(self.artifacts, ref)
        answer = await self.claude.answer(conversation, on_piece=lambda _: None)
        grown = conversation.adding(Message(role="assistant", content=answer.content))
        return await save_conversation(self.artifacts, grown), answer


def a_finding(number: int) -> Finding:
    return Finding(
        kind="types",
        tool="mypy",
        rule="arg-type",
        level="error",
        effect=Effect.BLOCK,
        path="cities_integration/client.py",
        line=number,
        message="Argument 1 has incompatible type",
        fix="Pass a str.",
    )


def asking(title: str, description: str) -> IntegrationRequest:
    return IntegrationRequest(
        title=title, description=description, document=DocumentSource(url="https://api.example.com/openapi.json")
    )


def small() -> bytes:
    """One operation."""
    listing = {
        "operationId": "listCities",
        "summary": "List the cities",
        "responses": {
            "200": {
                "description": "ok",
                "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}},
            }
        },
    }
    return _document({"/cities": {"get": listing}}, {})


def big(kinds: int = 400) -> bytes:
    """Three operations each on so many kinds of things, with schemas that refer to one another."""
    paths: dict[str, object] = {}
    schemas: dict[str, object] = {}
    for number in range(kinds):
        name = f"Thing{number}"
        ref = {"$ref": f"#/components/schemas/{name}"}
        fields = {f"field_{field}": {"type": "string", "description": "A field of it. " * 5} for field in range(12)}
        schemas[name] = {"type": "object", "properties": {**fields, "next": _ref(f"Thing{(number + 1) % kinds}")}}
        ok = {"200": {"description": "ok", "content": {"application/json": {"schema": ref}}}}
        many = {
            "200": {
                "description": "ok",
                "content": {"application/json": {"schema": {"type": "array", "items": ref}}},
            }
        }
        about = {"tags": [f"group {number // 20}"]}
        identified = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
        paths[f"/things{number}"] = {
            "get": {**about, "operationId": f"listThings{number}", "summary": f"List thing {number}", "responses": many}
        }
        paths[f"/things{number}/{{id}}"] = {
            "parameters": identified,
            "get": {**about, "operationId": f"getThing{number}", "summary": f"Get one {number}", "responses": ok},
            "delete": {
                **about,
                "operationId": f"deleteThing{number}",
                "summary": f"Delete one {number}",
                "responses": {"204": {"description": "gone"}},
            },
        }
    return _document(paths, schemas)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _document(paths: dict[str, object], schemas: dict[str, object]) -> bytes:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Cities", "version": "1"},
        "servers": [{"url": "https://api.example.com/v1"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }
    return OpenApiDocuments(OpenApiSettings()).normalise(json.dumps(document).encode())
