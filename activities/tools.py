"""Claude's tools: what it asks for becomes changes to a workspace of files, and answers it reads.

Nothing here holds a write credential: the worst a talked-over Claude can do is write bad files into its workspace.
"""

import asyncio

from pydantic import ValidationError
from temporalio import activity

from activities.store import load_conversation, load_files, save_conversation, save_files
from domain import manifest, tools
from domain.artifacts import files_hash
from domain.base import Data
from domain.conversation import Block, Conversation, Message, StopReason, Text, ToolResult, ToolUse
from domain.errors import CcbError, InvalidInput, NotFound
from domain.plan import Plan
from domain.ports import ApiDocuments, Artifacts, Checks
from domain.reports import CheckReport, TestReport
from domain.runs import Ending
from domain.steps import ExecuteTools, ToolsExecuted
from domain.text import visible

MAX_RESULT = 60_000

_GO_ON = "Nothing was asked for. Go on with the tools; the work ends only with the tool that ends it."
_CUT_OFF = "Your answer was cut off at the limit of its length, so this was not done. Do it in smaller pieces."


class ToolActivities:
    def __init__(self, documents: ApiDocuments, checks: Checks, artifacts: Artifacts) -> None:
        self._documents = documents
        self._checks = checks
        self._artifacts = artifacts

    @activity.defn(name="workspace.execute_tools")
    async def execute_tools(self, cmd: ExecuteTools) -> ToolsExecuted:
        """Do what the last answer asks for. Safe to repeat: files and conversations are addressed by content."""
        conversation = await load_conversation(self._artifacts, cmd.conversation)
        if cmd.stop_reason == "refusal":
            return ToolsExecuted(
                conversation=cmd.conversation,
                workspace=cmd.workspace,
                ending=Ending(kind="refused", reason=f"Claude declined to answer. {_words(conversation)}".strip()),
            )
        files = {} if cmd.workspace is None else await load_files(self._artifacts, cmd.workspace)
        session = Session(cmd, files, await self._artifacts.get(cmd.document), self._documents, self._checks)
        results = await session.answer(conversation.messages[-1].content, cmd.stop_reason)
        grown = conversation.adding(Message(role="user", content=results))
        return ToolsExecuted(
            conversation=await save_conversation(self._artifacts, grown),
            workspace=None if cmd.workspace is None else await save_files(self._artifacts, session.files),
            ending=session.ending,
        )


class Session:
    """One answer's tool calls over one workspace, in their order."""

    def __init__(
        self, cmd: ExecuteTools, files: dict[str, str], document: bytes, documents: ApiDocuments, checks: Checks
    ) -> None:
        self.files = files
        self.ending: Ending | None = None
        self._allowed = tools.ANALYSIS_TOOLS if cmd.purpose == "analysis" else tools.GENERATION_TOOLS
        self._base_url = cmd.base_url
        self._document = document
        self._documents = documents
        self._checks = checks

    async def answer(self, content: list[Block], stop_reason: StopReason) -> list[Block]:
        uses = [block for block in content if isinstance(block, ToolUse)]
        if not uses:
            return [Text(text=_CUT_OFF if stop_reason == "max_tokens" else _GO_ON)]
        if stop_reason == "max_tokens":  # the last call's input may be half of what was meant
            return [ToolResult(tool_use_id=use.id, content=_CUT_OFF, is_error=True) for use in uses]
        return [await self._result(use) for use in uses]

    async def _result(self, use: ToolUse) -> ToolResult:
        try:
            text = await self._do(self._checked(use))
        except CcbError as error:
            return ToolResult(tool_use_id=use.id, content=error.message[:MAX_RESULT], is_error=True)
        return ToolResult(tool_use_id=use.id, content=text[:MAX_RESULT])

    def _checked(self, use: ToolUse) -> Data:
        model = self._allowed.get(use.name)
        if model is None:
            raise InvalidInput(f"There is no tool `{use.name}`. There are: {', '.join(self._allowed)}.")
        try:
            return model.model_validate(use.input)
        except ValidationError as error:
            found = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'input'}: {e['msg']}" for e in error.errors()[:10])
            raise InvalidInput(f"The input of `{use.name}` is not valid: {found}.") from error

    async def _do(self, call: Data) -> str:
        if isinstance(call, tools.SearchOperations | tools.ReadOperation | tools.ReadSchema):
            return visible(await asyncio.to_thread(self._read_document, call))
        if isinstance(call, tools.SubmitPlan):
            return self._submit(call)
        if isinstance(call, tools.Refuse):
            self.ending = Ending(kind="refused", reason=f"{call.reason} {call.suggestion}".strip())
            return "The request is refused."
        if isinstance(call, tools.RunChecks):
            return _told_checks(await self._checks.check(self.files, heartbeat=_heartbeat))
        if isinstance(call, tools.RunTests):
            return _told_tests(await self._checks.test(self.files, heartbeat=_heartbeat))
        return self._use_files(call)

    def _use_files(self, call: Data) -> str:
        match call:
            case tools.ListFiles():
                return "\n".join(f"{path} {len(text.encode())}" for path, text in sorted(self.files.items()))
            case tools.SearchFiles():
                return self._search(call)
            case tools.ReadFile():
                return self._file(call.path)
            case tools.WriteFile():
                return self._write(call.path, call.content)
            case tools.EditFile():
                return self._edit(call)
            case tools.Finish():
                return self._finish(call)
        raise InvalidInput(f"{type(call).__name__} is not a tool.")

    def _read_document(self, call: Data) -> str:
        match call:
            case tools.SearchOperations():
                return self._documents.search(self._document, call.query, call.limit)
            case tools.ReadOperation():
                return self._documents.operation(self._document, call.method, call.path)
            case tools.ReadSchema():
                return self._documents.schema(self._document, call.name)
        raise InvalidInput(f"{type(call).__name__} does not read the document.")

    def _submit(self, call: tools.SubmitPlan) -> str:
        if call.base_url.rstrip("/") != self._base_url:
            raise InvalidInput(f"base_url must be {self._base_url}, the address this request names.", field="base_url")
        for operation in call.operations:
            self._documents.operation(self._document, operation.method, operation.path)
        self.ending = Ending(kind="plan", plan=Plan.model_validate(call.model_dump()))
        return "The plan is accepted."

    def _search(self, call: tools.SearchFiles) -> str:
        found = [
            f"{path}:{number}: {line.strip()[:200]}"
            for path, text in sorted(self.files.items())
            for number, line in enumerate(text.splitlines(), 1)
            if call.text in line
        ]
        return "\n".join(found[:200]) or "Not found."

    def _write(self, path: str, content: str) -> str:
        self._writable(path, len(content.encode()))
        self.files[path] = content
        return f"Written: {path}."

    def _edit(self, call: tools.EditFile) -> str:
        text = self._file(call.path)
        times = text.count(call.old)
        if times != 1:
            raise InvalidInput(f"`old` occurs {times} times in {call.path}; it must occur exactly once.", field="old")
        return self._write(call.path, text.replace(call.old, call.new))

    def _finish(self, call: tools.Finish) -> str:
        package = manifest.parse(self.files[manifest.PATH]).entrypoint.split(".")[0]
        wanted = ["README.md", *(f"{package}/{name}.py" for name in ("__init__", "app", "client"))]
        missing = [path for path in wanted if path not in self.files]
        if not any(path.startswith("tests/test_") for path in self.files):
            missing.append("tests/test_….py")
        if missing:
            raise InvalidInput(f"Not finished: {', '.join(missing)} missing.")
        self.ending = Ending(kind="finished", summary=call.summary)
        return f"Finished: {files_hash(self.files)}."

    def _file(self, path: str) -> str:
        if path not in self.files:
            raise NotFound(f"There is no file {path}. list_files shows what there is.")
        return self.files[path]

    def _writable(self, path: str, size: int) -> None:
        if path in manifest.GIVEN:
            raise InvalidInput(f"{path} is given by the plan and cannot be changed.", field="path")
        if ".." in path.split("/") or any(part.startswith(".") for part in path.split("/")):
            raise InvalidInput(f"{path}: hidden files and parent folders cannot be written.", field="path")
        if size > tools.MAX_FILE_BYTES:
            raise InvalidInput(f"{path} would be {size} bytes; the limit is {tools.MAX_FILE_BYTES}.", field="content")
        if path not in self.files and len(self.files) >= tools.MAX_FILES:
            raise InvalidInput(f"The workspace already has {tools.MAX_FILES} files, its limit.", field="path")


def _words(conversation: Conversation) -> str:
    return " ".join(block.text for block in conversation.messages[-1].content if isinstance(block, Text))[:1000]


def _told_checks(report: CheckReport) -> str:
    lines = [f"{f.level}: {f.path}:{f.line} {f.tool} {f.rule}: {f.message} {f.fix}".rstrip() for f in report.findings]
    return "\n".join(lines[:100]) or "Clean: no findings."


def _told_tests(report: TestReport) -> str:
    lines = [f"{report.passed} passed, {report.failed} failed, {report.skipped} skipped."]
    lines += [f"FAILED {failure.name}\n{failure.message}" for failure in report.failures[:20]]
    lines += [report.error] if report.error else []
    return "\n".join(lines)


def _heartbeat(detail: str) -> None:
    activity.heartbeat(detail)
