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
from domain.plan import Plan, host_of
from domain.ports import ApiDocuments, Artifacts, Checks
from domain.reports import CheckReport, Effect, TestReport
from domain.runs import Ending
from domain.steps import ExecuteTools, ToolsExecuted
from domain.text import legible, visible

MAX_RESULT = 60_000

_MOST_FINDINGS = 100
_EFFECTS = {Effect.BLOCK: "error", Effect.PERSON: "for a person", Effect.NOTE: "note"}

_GO_ON = "Nothing was asked for. Go on with the tools; the work ends only with the tool that ends it."
_CUT_OFF = "Your answer was cut off at the limit of its length, so this was not done. Do it in smaller pieces."
_NOT_JSON = "The input of this call is not a JSON object, so nothing was done. Call it again with valid input."
_NOTHING_ASKED: dict[StopReason, str] = {
    "max_tokens": _CUT_OFF,
    "interrupted": "Your answer was interrupted; go on.",
}


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
        baseline = None if cmd.baseline is None else await load_files(self._artifacts, cmd.baseline)
        document = await self._artifacts.get(cmd.document)
        session = Session(cmd, files, document, self._documents, self._checks, baseline=baseline)
        results = await session.answer(conversation.messages[-1].content, cmd.stop_reason)
        grown = conversation.adding(Message(role="user", content=results))
        return ToolsExecuted(
            conversation=await save_conversation(self._artifacts, grown),
            workspace=None if cmd.workspace is None else await save_files(self._artifacts, session.files),
            baseline=None if session.baseline is None else await save_files(self._artifacts, session.baseline),
            ending=session.ending,
        )


class Session:
    """One answer's tool calls over one workspace, in their order.

    `baseline` is the workspace as it was when its tests were first run: they may not grow weaker from there.
    """

    def __init__(
        self,
        cmd: ExecuteTools,
        files: dict[str, str],
        document: bytes,
        documents: ApiDocuments,
        checks: Checks,
        *,
        baseline: dict[str, str] | None = None,
    ) -> None:
        self.files = files
        self.baseline = baseline
        self.ending: Ending | None = None
        self._allowed = tools.ANALYSIS_TOOLS if cmd.purpose == "analysis" else tools.GENERATION_TOOLS
        self._base_url = cmd.base_url
        self._document = document
        self._documents = documents
        self._checks = checks

    async def answer(self, content: list[Block], stop_reason: StopReason) -> list[Block]:
        """The tools' results in their order, or what is said to an answer that asked for none."""
        uses = [block for block in content if isinstance(block, ToolUse)]
        if not uses:
            return [Text(text=_NOTHING_ASKED.get(stop_reason, _GO_ON))]
        # At the limit of its length the last call may be half of what was meant; those before it are whole.
        half = uses[-1] if stop_reason == "max_tokens" else None
        return [_refused(use, _CUT_OFF) if use is half else await self._result(use) for use in uses]

    async def _result(self, use: ToolUse) -> ToolResult:
        if use.unreadable:
            return _refused(use, _NOT_JSON)
        try:
            text = await self._do(self._checked(use))
        except CcbError as error:
            if error.retryable:  # a matter of time, and not of what was asked for: the step is tried again
                raise
            return _refused(use, visible(error.message))
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
            report = await self._checks.check(self.files, heartbeat=_heartbeat, baseline=self.baseline)
            return visible(_told_checks(report))
        if isinstance(call, tools.RunTests):
            self.baseline = self.baseline or dict(self.files)
            return visible(_told_tests(await self._checks.test(self.files, heartbeat=_heartbeat)))
        # Not redacted: what Claude is to change it has to be shown as it is.
        return legible(self._use_files(call))

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
        known = {host_of(self._base_url)} | self._documents.hosts(self._document)
        if unknown := sorted(set(call.hosts) - known):
            # Whoever reviews sees a list of hosts, and not which text asked for one of them.
            raise InvalidInput(
                f"hosts may name {', '.join(sorted(known)[:20])}, where the API lives, and not {', '.join(unknown)}.",
                field="hosts",
            )
        names = [*(key.name for key in call.configuration), *(secret.name for secret in call.secrets)]
        if ours := [name for name in names if name.startswith("CCB_")]:
            raise InvalidInput(f"{', '.join(ours)}: names that begin with CCB_ are ours.", field="secrets")
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


def _refused(use: ToolUse, why: str) -> ToolResult:
    return ToolResult(tool_use_id=use.id, content=why[:MAX_RESULT], is_error=True)


def _words(conversation: Conversation) -> str:
    return " ".join(block.text for block in conversation.messages[-1].content if isinstance(block, Text))[:1000]


def _told_checks(report: CheckReport) -> str:
    """What blocks first, then what a person would have to look at, which is better mended than explained."""
    told = [*report.blocking, *report.for_a_person]
    lines = [f"{_EFFECTS[finding.effect]}: {finding.line_of_text()}" for finding in told[:_MOST_FINDINGS]]
    if not report.blocking:
        lines.insert(0, "Clean: nothing blocks. Mend what you easily can:" if lines else "Clean: no findings.")
    return "\n".join(lines)


def _told_tests(report: TestReport) -> str:
    lines = [f"{report.passed} passed, {report.failed} failed, {report.skipped} skipped."]
    lines += [f"FAILED {failure.name}\n{failure.message}" for failure in report.failures[:20]]
    if report.mutation is not None:
        killed, sampled = report.mutation.killed, report.mutation.sampled
        lines.append(f"Of {sampled} small faults put into the code the tests noticed {killed}.")
    lines += [f"{_EFFECTS[f.effect]}: {f.line_of_text()}" for f in report.findings[:_MOST_FINDINGS]]
    lines += [report.error] if report.error else []
    return "\n".join(lines)


def _heartbeat(detail: str) -> None:
    activity.heartbeat(detail)
