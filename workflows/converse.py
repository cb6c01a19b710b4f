"""Converse: one conversation with Claude, a turn a step, until a tool ends it.

Promises: a turn bought is never bought again (it is in the books under run and number before its step completes); at
the limit of its run, its organisation or the day it waits, says so, and goes on from the same turn; it holds references
only, and continues as new before its history grows. It makes nothing outside the artifact store, so there is nothing to
undo.
"""

from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.conversations import ConversationActivities
from activities.tools import ToolActivities
from domain.artifacts import ArtifactRef
from domain.conversation import Budget, LimitReached, Spent
from domain.errors import BudgetExceeded
from domain.runs import (
    CONVERSE_WORKFLOW,
    LIMITS_SIGNAL,
    PAUSE_SIGNAL,
    RESUME_SIGNAL,
    STATUS_QUERY,
    ConversationStatus,
    Converse,
    Conversed,
    Ending,
    Waiting,
)
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
        self._limits_changes = 0
        self._doing = "starting"
        self._waiting: Waiting | None = None
        self._baseline = cmd.baseline
        self._paused = cmd.paused
        self._holds = False

    @workflow.run
    async def run(self, cmd: Converse) -> Conversed:
        conversation, workspace, ending = cmd.conversation, cmd.workspace, None
        while ending is None:
            taken = await self._take_turn(conversation, workspace)
            done = await self._execute_tools(taken, workspace)
            conversation, workspace, ending = done.conversation, done.workspace, done.ending
            self._baseline = done.baseline or self._baseline
            self._turn += 1
            if ending is None:
                await self._grown(conversation, workspace)
        return self._result(ending, conversation, workspace)

    async def _take_turn(self, conversation: ArtifactRef, workspace: ArtifactRef | None) -> TurnTaken:
        while True:
            await self._boundary()
            if self._waiting is None:
                self._says(f"waiting for Claude (turn {self._turn})")
            known = self._limits_changes
            cmd = TakeTurn(
                run=self._cmd.run,
                number=self._turn,
                conversation=conversation,
                budget=self._budget,
                organization_id=self._cmd.organization_id,
                live=self._cmd.live,
            )
            try:
                taken = await step(
                    ConversationActivities.turn, cmd, policies.CLAUDE_TURN, f"{self._cmd.purpose}: turn {self._turn}"
                )
            except ActivityError as error:
                why = describe(error)
                if why.code != BudgetExceeded.code:
                    raise
                resets_at = LimitReached.model_validate(why.details).resets_at
                if resets_at is None:
                    await self._budget_raised(why.message, cmd.budget)
                else:
                    await self._room(why.message, resets_at, known)
                    await self._grown(conversation, workspace)
            else:
                if self._waiting is not None:
                    await self._wait(None)
                self._spent = taken.spent
                return taken

    async def _boundary(self) -> None:
        """No turn is bought while the run is paused."""
        if not self._paused:
            return
        self._holds = True
        self._says("paused")
        await workflow.wait_condition(lambda: not self._paused)
        self._holds = False

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
            baseline=self._baseline,
        )
        return await step(ToolActivities.execute_tools, cmd, policies.BUILD, names[:100])

    async def _budget_raised(self, why: str, tried: Budget) -> None:
        """The run stands at its own limit: people are told, and the same turn is tried again when it is raised."""
        await self._wait(Waiting(what=f"a higher budget. {why}", since=workflow.now()))
        await workflow.wait_condition(lambda: self._budget != tried)
        await self._wait(None)

    async def _room(self, why: str, resets_at: datetime, known: int) -> None:
        """The same with a limit that runs share: it may be raised, begin anew, or be left by other runs."""
        if self._waiting is None or self._waiting.until != resets_at:
            await self._wait(Waiting(what=f"room in a limit. {why}", since=workflow.now(), until=resets_at))
        if await self._changed_within(resets_at, known):
            await self._wait(None)

    async def _changed_within(self, resets_at: datetime, known: int) -> bool:
        """Wait until limits changed or begin anew; False if it is only time to look again: the word can be lost."""
        left = max(resets_at - workflow.now(), policies.LOOK_SOON)
        try:
            await workflow.wait_condition(
                lambda: self._limits_changes != known,
                timeout=min(left, policies.LOOK_AGAIN),
                timeout_summary="until the limit begins anew",
            )
        except TimeoutError:
            return left <= policies.LOOK_AGAIN
        return True

    async def _wait(self, waiting: Waiting | None) -> None:
        self._waiting = waiting
        self._says(waiting.what if waiting else "going on")
        parent = workflow.info().parent
        if parent is not None:
            await workflow.get_external_workflow_handle(parent.workflow_id).signal("conversation_waits", waiting)

    async def _grown(self, conversation: ArtifactRef, workspace: ArtifactRef | None) -> None:
        """Continue as new, from the turn that is next, before the history grows too long."""
        if workflow.info().is_continue_as_new_suggested():
            await workflow.wait_condition(workflow.all_handlers_finished)
            workflow.continue_as_new(self._go_on(conversation, workspace))

    def _go_on(self, conversation: ArtifactRef, workspace: ArtifactRef | None) -> Converse:
        return self._cmd.model_copy(
            update={
                "first_turn": self._turn,
                "conversation": conversation,
                "workspace": workspace,
                "baseline": self._baseline,
                "budget": self._budget,
                "paused": self._paused,
            }
        )

    def _result(self, ending: Ending, conversation: ArtifactRef, workspace: ArtifactRef | None) -> Conversed:
        return Conversed(
            ending=ending,
            conversation=conversation,
            workspace=workspace,
            baseline=self._baseline,
            next_turn=self._turn,
            spent=self._spent,
        )

    def _says(self, doing: str) -> None:
        self._doing = doing
        workflow.set_current_details(f"**{self._cmd.purpose}**, turn {self._turn}: {doing}")

    @workflow.signal(name="raise_budget")
    def raise_budget(self, budget: Budget) -> None:
        self._budget = budget

    @workflow.signal(name=PAUSE_SIGNAL)
    def pause(self) -> None:
        self._paused = True

    @workflow.signal(name=RESUME_SIGNAL)
    def resume(self) -> None:
        self._paused = False

    @workflow.signal(name=LIMITS_SIGNAL)
    def limits_changed(self) -> None:
        self._limits_changes += 1

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> ConversationStatus:
        return ConversationStatus(
            purpose=self._cmd.purpose,
            turn=self._turn,
            step=self._doing,
            spent=self._spent,
            waiting=self._waiting,
            holds=self._holds,
        )
