"""Converse: one conversation with Claude, a turn a step, until a tool ends it.

Promises: a turn bought is never bought again (it is in the books under run and number before its step completes); at
the limit of its budget it waits and goes on from the same turn; it holds references only, and continues as new before
its history grows. It makes nothing outside the artifact store, so there is nothing to undo.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.conversations import ConversationActivities
from activities.tools import ToolActivities
from domain.artifacts import ArtifactRef
from domain.conversation import Budget, Spent
from domain.errors import BudgetExceeded
from domain.runs import CONVERSE_WORKFLOW, STATUS_QUERY, ConversationStatus, Converse, Conversed, Ending, Waiting
from domain.steps import ExecuteTools, TakeTurn, ToolsExecuted, TurnTaken
from workflows import policies
from workflows._failures import describe
from workflows._steps import step


@workflow.defn(name=CONVERSE_WORKFLOW)
class ConverseWorkflow:
    @workflow.init
    def __init__(self, cmd: Converse) -> None:
        self._cmd = cmd
        self._budget = cmd.budget
        self._turn = cmd.first_turn
        self._spent = Spent()
        self._doing = "starting"
        self._waiting: Waiting | None = None

    @workflow.run
    async def run(self, cmd: Converse) -> Conversed:
        conversation, workspace, ending = cmd.conversation, cmd.workspace, None
        while ending is None:
            taken = await self._take_turn(conversation)
            done = await self._execute_tools(taken, workspace)
            conversation, workspace, ending = done.conversation, done.workspace, done.ending
            self._turn += 1
            if ending is None and workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(self._go_on(conversation, workspace))
        return self._result(ending, conversation, workspace)

    async def _take_turn(self, conversation: ArtifactRef) -> TurnTaken:
        while True:
            self._says(f"waiting for Claude (turn {self._turn})")
            cmd = TakeTurn(run=self._cmd.run, number=self._turn, conversation=conversation, budget=self._budget)
            try:
                taken = await step(
                    ConversationActivities.turn, cmd, policies.CLAUDE_TURN, f"{self._cmd.purpose}: turn {self._turn}"
                )
            except ActivityError as error:
                if describe(error).code != BudgetExceeded.code:
                    raise
                await self._budget_raised(describe(error).message)
            else:
                self._spent = taken.spent
                return taken

    async def _execute_tools(self, taken: TurnTaken, workspace: ArtifactRef | None) -> ToolsExecuted:
        names = ", ".join(dict.fromkeys(taken.tool_names)) or "no tool"
        self._says(f"doing {names}")
        cmd = ExecuteTools(
            purpose=self._cmd.purpose,
            conversation=taken.conversation,
            document=self._cmd.document,
            base_url=self._cmd.base_url,
            stop_reason=taken.stop_reason,
            workspace=workspace,
        )
        return await step(ToolActivities.execute_tools, cmd, policies.BUILD, names[:100])

    async def _budget_raised(self, why: str) -> None:
        """The run stands at its limit: people are told, and the same turn is tried again when the budget changes."""
        limit = self._budget
        await self._wait(Waiting(what=f"a higher budget. {why}", since=workflow.now()))
        await workflow.wait_condition(lambda: self._budget != limit)
        await self._wait(None)

    async def _wait(self, waiting: Waiting | None) -> None:
        self._waiting = waiting
        self._says(waiting.what if waiting else "going on")
        parent = workflow.info().parent
        if parent is not None:
            await workflow.get_external_workflow_handle(parent.workflow_id).signal("conversation_waits", waiting)

    def _go_on(self, conversation: ArtifactRef, workspace: ArtifactRef | None) -> Converse:
        return self._cmd.model_copy(
            update={
                "first_turn": self._turn,
                "conversation": conversation,
                "workspace": workspace,
                "budget": self._budget,
            }
        )

    def _result(self, ending: Ending, conversation: ArtifactRef, workspace: ArtifactRef | None) -> Conversed:
        return Conversed(
            ending=ending,
            conversation=conversation,
            workspace=workspace,
            next_turn=self._turn,
            spent=self._spent,
        )

    def _says(self, doing: str) -> None:
        self._doing = doing
        workflow.set_current_details(f"**{self._cmd.purpose}**, turn {self._turn}: {doing}")

    @workflow.signal(name="raise_budget")
    def raise_budget(self, budget: Budget) -> None:
        self._budget = budget

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> ConversationStatus:
        return ConversationStatus(
            purpose=self._cmd.purpose,
            turn=self._turn,
            step=self._doing,
            spent=self._spent,
            waiting=self._waiting,
        )
