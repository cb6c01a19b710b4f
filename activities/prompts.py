"""What Claude is told: the stable part first, so that it is cached; what people and documents wrote marked as data."""

import json
import re
from importlib.resources import files as package_files

from temporalio import activity

from activities.context import Context
from activities.store import load_conversation, load_files, save_conversation, save_files
from domain import manifest
from domain.artifacts import ArtifactRef
from domain.conversation import Conversation, Message, Text
from domain.plan import Plan
from domain.ports import Artifacts
from domain.runs import IntegrationRequest
from domain.steps import (
    BeginAnalysis,
    BeginGeneration,
    BeginUpdate,
    Drafted,
    ReportFindings,
    RequestChanges,
    Said,
    UpdateBegun,
)
from domain.text import clean, fenced
from domain.tools import ANALYSIS_TOOLS, GENERATION_TOOLS, described

PYPROJECT = """\
[project]
name = "{name}"
version = "{version}"
requires-python = ">=3.11"
dependencies = {requirements}

[tool.ruff]
line-length = 100
target-version = "py311"

[tool.ruff.lint]
select = ["E", "F", "I", "UP", "B", "S", "ANN", "ASYNC", "RET", "SIM", "PTH", "RUF", "D1"]

[tool.ruff.lint.per-file-ignores]
"tests/*" = ["S101", "S105", "S106", "D"]

[tool.mypy]
strict = true
"""


class PromptActivities:
    """Opens conversations and adds what people and checks say. Changes nothing outside the artifact store."""

    def __init__(self, context: Context, artifacts: Artifacts, *, model: str, max_tokens: int) -> None:
        self._context = context
        self._artifacts = artifacts
        self._model = model
        self._max_tokens = max_tokens

    @activity.defn(name="conversation.begin_analysis")
    async def begin_analysis(self, cmd: BeginAnalysis) -> Said:
        context = await self._context.for_analysis(cmd)
        conversation = Conversation(
            purpose="analysis",
            model=self._model,
            max_tokens=self._max_tokens,
            system=[_prompt("analysis"), await self._context.registry(cmd.organization_id)],
            tools=described(ANALYSIS_TOOLS),
            messages=[_user(*context, Text(text=_request(cmd.request, cmd.base_url)))],
        )
        return Said(conversation=await save_conversation(self._artifacts, conversation))

    @activity.defn(name="conversation.begin_update")
    async def begin_update(self, cmd: BeginUpdate) -> UpdateBegun:
        """As an analysis, with the plan of the version that serves, and what has changed since it was built."""
        before = Plan.model_validate_json(await self._artifacts.get(cmd.before))
        context = await self._context.for_update(cmd, before)
        earlier = f"The plan of the version that serves, {cmd.version}:\n\n{_json(before)}"
        request = f"{earlier}\n\n{_request(cmd.request, cmd.base_url)}"
        conversation = Conversation(
            purpose="analysis",
            model=self._model,
            max_tokens=self._max_tokens,
            system=[_prompt("analysis"), _prompt("update"), await self._context.registry(cmd.organization_id)],
            tools=described(ANALYSIS_TOOLS),
            messages=[_user(*context, Text(text=request))],
        )
        return UpdateBegun(conversation=await save_conversation(self._artifacts, conversation), before=before)

    @activity.defn(name="conversation.begin_generation")
    async def begin_generation(self, cmd: BeginGeneration) -> Drafted:
        given = manifest.from_plan(cmd.plan, version=cmd.version, author=cmd.author)
        workspace = {} if cmd.previous is None else await load_files(self._artifacts, cmd.previous)
        workspace |= {
            manifest.PATH: manifest.render(given),
            "pyproject.toml": PYPROJECT.format(
                name=given.name, version=given.version, requirements=json.dumps(given.requirements)
            ),
        }
        text = f"The approved plan:\n\n{_json(cmd.plan)}\n\n{_request(cmd.request, cmd.plan.base_url)}"
        conversation = Conversation(
            purpose="generation",
            model=self._model,
            max_tokens=self._max_tokens,
            system=[_prompt("generation"), await self._context.registry(cmd.organization_id)],
            tools=described(GENERATION_TOOLS),
            messages=[_user(*await self._context.for_generation(cmd), Text(text=text))],
        )
        return Drafted(
            conversation=await save_conversation(self._artifacts, conversation),
            workspace=await save_files(self._artifacts, workspace),
            plan=await self._artifacts.put(cmd.plan.model_dump_json(indent=1).encode(), "application/json"),
        )

    @activity.defn(name="conversation.report_findings")
    async def report_findings(self, cmd: ReportFindings) -> Said:
        lines = [f"- {f.path}:{f.line} {f.tool} {f.rule}: {f.message} {f.fix}".rstrip() for f in cmd.findings]
        lines += [f"- test {f.name}: {f.message}" for f in cmd.failures]
        lines += [f"- {cmd.error}"] if cmd.error else []
        found = clean("\n".join(lines), source="checks and tests", limit=30_000)
        return await self._say(
            cmd.conversation, f"The checks and tests found this. Mend it, and finish again.\n\n{fenced(found)}"
        )

    @activity.defn(name="conversation.request_changes")
    async def request_changes(self, cmd: RequestChanges) -> Said:
        words = clean(cmd.words, source=f"review by {_word(cmd.reviewer)}", limit=10_000)
        return await self._say(
            cmd.conversation,
            "Request changes: a reviewer asks for the following. Do what serves the plan, and finish again.\n\n"
            + fenced(words),
        )

    async def _say(self, ref: ArtifactRef, text: str) -> Said:
        conversation = await load_conversation(self._artifacts, ref)
        return Said(conversation=await save_conversation(self._artifacts, conversation.adding(_user(Text(text=text)))))


def _json(plan: Plan) -> str:
    return f"```json\n{plan.model_dump_json(indent=1)}\n```"


def _request(request: IntegrationRequest, base_url: str) -> str:
    lines = ["<request>"]
    if request.name is not None:
        lines.append(f"Name: {request.name}")
    lines.append(f"Base URL: {clean(base_url, source='', limit=500).text}")
    lines.append(fenced(clean(request.title, source="request title", limit=300)))
    lines.append(fenced(clean(request.description, source="request description")))
    lines.append("</request>")
    return "\n".join(lines)


def _prompt(name: str) -> str:
    return package_files("activities").joinpath("prompt_texts", f"{name}.md").read_text("utf-8")


def _user(*texts: Text) -> Message:
    return Message(role="user", content=[*texts])


def _word(name: str) -> str:
    return re.sub(r"[^\w .@-]", "", name)[:80]
