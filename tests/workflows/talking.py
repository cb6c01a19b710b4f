"""Conversations by themselves: the real workflow, queues, SDK and simulator, with the answers that a test scripts."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import FastForwardConfig, TimeSkippingConfig, WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionOptionsRequest
from temporalio.client import WorkflowHandle

from activities.store import save_conversation
from adapters.claude.prices import PUBLISHED, load
from adapters.database import Database, DatabaseSettings
from domain import ids
from domain.conversation import Budget, Conversation, Message, Text, Usage
from domain.runs import LIFECYCLE_QUEUE, STATUS_QUERY, ConversationStatus, Converse, Conversed
from domain.tools import ANALYSIS_TOOLS, described
from simulators.kit import Entry
from tests.until import until
from tests.workflows.world import DOCUMENT, World, settings_from
from workers.queues import activities, worker
from workers.shared import Shared

MODEL = "claude-sonnet-5-5"
MAX_TOKENS = 4000
MESSAGES = r"^/v1/messages$"
OTHERS = ("lifecycle", "build")


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def search(query: str = "cities") -> dict[str, Any]:
    return {"type": "tool_use", "id": ids.new("toolu"), "name": "search_operations", "input": {"query": query}}


def refuse() -> dict[str, Any]:
    """The tool that ends a conversation soonest."""
    return {"type": "tool_use", "id": ids.new("toolu"), "name": "refuse", "input": {"reason": "It is a test."}}


END: dict[str, Any] = {"content": [refuse()]}


def look() -> dict[str, Any]:
    return {"content": [text("I look."), search()]}


@dataclass(frozen=True)
class Talk:
    """One conversation: its run in the books, its workflow, and what Claude was asked and paid for it."""

    world: World
    mark: str
    since: int
    before: dict[str, int]
    handle: WorkflowHandle[Any, Conversed]

    @property
    def run(self) -> str:
        return f"integration/{self.mark}/1"

    async def asked(self) -> list[Entry]:
        """The requests for answers, in order."""
        entries = await self.world.simulators.journal("claude", since=self.since, path=MESSAGES)
        return [entry for entry in entries if self.mark in entry.body]

    async def told(self, number: int) -> str:
        """What the last message of request `number` says, the first being 0."""
        last = json.loads((await self.asked())[number].body)["messages"][-1]["content"]
        return " ".join(block.get("text") or str(block.get("content")) for block in last)

    async def bill(self) -> tuple[int, Decimal]:
        """How many answers were billed since the talk began, and what they cost."""
        after = await self.world.simulators.look("claude", "billing")
        grown = {name: after[name] - self.before[name] for name in after}
        usage = Usage.model_validate({name: grown[name] for name in Usage.model_fields})
        return grown["requests"], load(PUBLISHED).price(MODEL).cost(usage)

    async def ended(self) -> Conversed:
        """All of these conversations are ended by a refusal."""
        conversed = await self.handle.result()
        assert conversed.ending.kind == "refused"
        return conversed

    async def status(self) -> ConversationStatus:
        return await self.handle.query(STATUS_QUERY, result_type=ConversationStatus)

    async def waits(self) -> ConversationStatus:
        async def waiting() -> ConversationStatus | None:
            status = await self.status()
            return status if status.waiting is not None else None

        return await until(waiting)

    async def recorded(self, number: int) -> None:
        async def found() -> bool | None:
            return True if await self.world.books.find(self.run, number) is not None else None

        await until(found)

    async def settled(self, turns: int) -> None:
        """The bill is for so many answers, and the books hold at least what they cost and reserve nothing."""
        requests, usd = await self.bill()
        assert requests == turns
        spent = await self.world.books.spent(self.run)
        assert spent.usd >= usd > 0
        assert spent.usd < usd + Decimal("0.01")

    async def fast_forward(self, by: timedelta) -> None:
        duration = Duration()
        duration.FromTimedelta(by)
        client = self.world.client
        await client.workflow_service.update_workflow_execution_options(
            UpdateWorkflowExecutionOptionsRequest(
                namespace=client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=self.handle.id),
                workflow_execution_options=WorkflowExecutionOptions(
                    time_skipping_config=TimeSkippingConfig(
                        enabled=True, fast_forward_config=FastForwardConfig(id=ids.new("ff"), duration=duration)
                    )
                ),
                update_mask=FieldMask(paths=["time_skipping_config"]),
            )
        )


async def begin(
    world: World,
    answers: Sequence[dict[str, Any]],
    *,
    budget: Budget | None = None,
    organization_id: str = ids.DEFAULT_ORGANIZATION,
) -> Talk:
    """Start a conversation whose answers are these, in order, and nobody else's."""
    mark = ids.new("int")
    if answers:
        entries = [{**answer, "match": mark} for answer in answers]
        await world.simulators.act("claude", "script", entries=entries)
    document = await world.artifacts.put(json.dumps(DOCUMENT, sort_keys=True).encode(), "application/json")
    conversation = Conversation(
        purpose="analysis",
        model=MODEL,
        max_tokens=MAX_TOKENS,
        system=["You plan integrations."],
        tools=described(ANALYSIS_TOOLS),
        messages=[Message(role="user", content=[Text(text=f"Plan {mark}, please.")])],
    )
    cmd = Converse(
        run=f"integration/{mark}/1",
        purpose="analysis",
        first_turn=1,
        conversation=await save_conversation(world.artifacts, conversation),
        document=document,
        base_url="https://cities.example.com/v1",
        budget=budget or Budget(),
        organization_id=organization_id,
    )
    since = await world.simulators.last("claude")
    before = await world.simulators.look("claude", "billing")
    handle = await world.client.start_workflow(
        "Converse",
        cmd,
        id=f"integration/{mark}/analysis-1",
        task_queue=LIFECYCLE_QUEUE,
        result_type=Conversed,
    )
    return Talk(world, mark, since, before, handle)


@asynccontextmanager
async def serving(world: World, *queues: str, cached: int = 1000, **settings: str) -> AsyncIterator[None]:
    """The product's workers of some queues, with adapters of their own; `settings` are further variables."""
    async with AsyncExitStack() as running:
        with settings_from({**world.environment, **settings}):
            shared = await Shared.open(world.client, queues)
            running.push_async_callback(shared.close)
            found = {queue: activities(queue, shared) for queue in queues}
        limits = shared.settings.model_copy(update={"cached_workflows": cached})
        for queue, steps in found.items():
            await running.enter_async_context(worker(world.client, queue, steps, limits))
        yield


@asynccontextmanager
async def database(world: World) -> AsyncIterator[Database]:
    with settings_from(world.environment):
        db = await Database.open(DatabaseSettings())
    try:
        yield db
    finally:
        await db.close()
