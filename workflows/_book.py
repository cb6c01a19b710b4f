"""What a run knows of itself: kept by the workflow, shown by its status query and its details in the Web UI."""

from datetime import datetime
from decimal import Decimal

from domain.conversation import Spent
from domain.errors import Conflict
from domain.lifecycle import Operation, Stage
from domain.plan import Plan
from domain.reports import TestCounts
from domain.runs import Failure, Paused, RunOutcome, RunStatus, StageTime, Undone, Waiting, Work, cents
from domain.vendors import PullRequest

_ROAD = (
    Stage.REQUESTED,
    Stage.ANALYZING,
    Stage.GENERATING,
    Stage.TESTING,
    Stage.REVIEWING,
    Stage.DEPLOYING,
    Stage.ACTIVE,
)
_ROADS = {
    Operation.DEPRECATE: (Stage.REQUESTED, Stage.DEPRECATED),
    Operation.UNDEPRECATE: (Stage.REQUESTED, Stage.ACTIVE),
    Operation.RETIRE: (Stage.REQUESTED, Stage.RETIRED),
}


class RunBook:
    """The state of one life-cycle run. Plain values: everything that happens is in the workflow."""

    def __init__(
        self,
        cmd: Work,
        *,
        operation: Operation,
        title: str,
        name: str | None,
        version: str,
        now: datetime,
    ) -> None:
        self.cmd = cmd
        self.operation = operation
        self.title = title
        self.version = version
        self.name = name
        self.stage = Stage.REQUESTED
        self.step = "reading the request"
        self.waiting: Waiting | None = None
        self.paused: Paused | None = None
        self.conversation: str | None = None
        self.budget = cmd.budget
        self.spent = Spent()
        self.plan: Plan | None = None
        self.content_hash: str | None = None
        self.pull_request: PullRequest | None = None
        self.tests: TestCounts | None = None
        self.findings = 0
        self.url: str | None = None
        self.failure: Failure | None = None
        self.untold: list[Undone] = []
        self.previous = ""
        self.notes: list[str] = []
        self._visits: list[tuple[Stage, datetime]] = [(Stage.REQUESTED, now)]

    def enter(self, stage: Stage, now: datetime) -> None:
        self.stage = stage
        self._visits.append((stage, now))

    def require(self, *stages: Stage) -> None:
        """Raise Conflict, with what the run is doing instead, unless it is in one of `stages`."""
        if self.stage not in stages:
            wanted = " or ".join(stages)
            raise Conflict(f"This needs a run that is {wanted}; this one is {self.stage} ({self.step}).")

    def stage_times(self, now: datetime) -> list[StageTime]:
        """Each stage once, in the order of its first visit."""
        times: dict[Stage, StageTime] = {}
        ends = [*(at for _, at in self._visits[1:]), now]
        for (stage, entered), left in zip(self._visits, ends, strict=True):
            seconds = 0.0 if stage.terminal else (left - entered).total_seconds()
            known = times.get(stage)
            times[stage] = StageTime(
                name=stage, entered_at=entered, seconds=seconds + (known.seconds if known else 0.0)
            )
        return list(times.values())

    def status(self, now: datetime) -> RunStatus:
        stages = _ROADS.get(self.operation, _ROAD)
        road = stages.index(self.stage) if self.stage in stages else len(stages) - 1
        return RunStatus(
            integration_id=self.cmd.integration_id,
            operation=self.operation,
            name=self.name,
            version=self.version,
            stage=self.stage,
            step=self.step,
            progress=round(road / (len(stages) - 1), 2),
            waiting=self.waits,
            paused=self.paused,
            stages=self.stage_times(now),
            conversation=self.conversation,
            plan=self.plan,
            content_hash=self.content_hash,
            pull_request=self.pull_request,
            tests=self.tests,
            approvals_needed=self.cmd.policy.approvals,
            spent=self.spent,
            budget=self.budget,
            url=self.url,
            failure=self.failure,
            untold=self.untold,
        )

    def outcome(self) -> RunOutcome:
        return RunOutcome(
            integration_id=self.cmd.integration_id,
            operation=self.operation,
            name=self.name,
            version=self.version,
            stage=self.stage,
            url=self.url,
            pull_request=self.pull_request,
            content_hash=self.content_hash,
            failure=self.failure,
        )

    @property
    def waits(self) -> Waiting | None:
        """What the run waits for: first of all for a person to resume it."""
        return self.paused.waiting(self.waiting) if self.paused and self.paused.holds else self.waiting

    @property
    def deed(self) -> str:
        """What the run does to the repository, in one word."""
        return "Add" if self.operation is Operation.CREATE else "Update"

    @property
    def usd(self) -> Decimal:
        return self.spent.usd

    def markdown(self) -> str:
        """Where the run stands, for the Temporal Web UI and for the comment on the issue."""
        stages = _ROADS.get(self.operation, _ROAD)
        done = stages.index(self.stage) if self.stage in stages else -1
        road = " → ".join(
            f"**{stage}**" if stage is self.stage else f"~~{stage}~~" if index < done else stage.value
            for index, stage in enumerate(stages)
        )
        lines = [road, "", self.step]
        if waits := self.waits:
            until = f", until {_when(waits.until)}" if waits.until else ""
            lines += ["", f"Waits for {waits.what} (since {_when(waits.since)}{until})"]
        elif self.paused:
            lines += ["", f"**Pauses** after this step: {self.paused.by.name} asked for it ({self.paused.reason})"]
        facts = {
            "Integration": f"`{self.name}` {self.version}" if self.name else None,
            "Pull request": self.pull_request.url if self.pull_request else None,
            "Content": f"`{self.content_hash}`" if self.content_hash else None,
            "Tests": f"{self.tests.passed} passed, {self.tests.failed} failed" if self.tests else None,
            "Claude": f"{self.spent.turns} turns, {self.spent.tokens} tokens, {cents(self.usd)}",
            "URL": self.url,
        }
        lines += ["", *(f"- {what}: {value}" for what, value in facts.items() if value)]
        lines += ["", *self.notes] if self.notes else []
        if self.failure:
            lines += ["", *failure_lines(self.failure)]
            lines += ["", f"{self.previous} serves on, untouched."] if self.previous else []
        return "\n".join(lines)


def failure_lines(failure: Failure) -> list[str]:
    """Why it failed, what was undone and what could not be."""
    where = "at the start" if failure.stage is Stage.REQUESTED else f"while {failure.stage}"
    lines = [f"**Failed {where}**: {failure.error.message}"]
    undone = [undo.step for undo in failure.undone if undo.ok]
    left = [f"{undo.step} ({undo.error})" for undo in failure.undone if not undo.ok]
    lines += [f"Undone: {', '.join(undone)}."] if undone else ["Nothing had to be undone."]
    lines += [f"**Could not be undone**: {'; '.join(left)}."] if left else []
    return lines


def _when(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
