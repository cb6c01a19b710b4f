"""Where a run stands, from the database alone: for a run that is over and forgotten, or that no worker answers for."""

from datetime import UTC, datetime

from api.services import Services
from domain.conversation import Budget, Spent
from domain.errors import ErrorData
from domain.events import Event
from domain.lifecycle import Stage
from domain.registry import Integration, Version
from domain.reports import TestCounts
from domain.runs import Failure, RunStatus, StageTime

_ORDER = list(Stage)


async def status(found: Integration, services: Services) -> RunStatus:
    """What it does not know it leaves at its default: the plan, the reviews, the budget."""
    versions = await services.integrations.versions(found.id)
    newest = versions[-1] if versions else None
    stages = stage_times(await services.integrations.events(found.id), now=datetime.now(UTC))
    return RunStatus(
        integration_id=found.id,
        name=found.name,
        version=found.version or (newest.version if newest else ""),
        stage=found.stage,
        step=found.failure or found.stage,
        progress=_progress(found.stage, stages),
        stages=stages,
        content_hash=newest.content_hash if newest else None,
        pull_request=newest.pull_request if newest else None,
        tests=_tests(newest),
        approvals_needed=services.review.approvals,
        spent=Spent(),
        budget=Budget(),
        url=found.url,
        failure=_failure(found, stages),
    )


def stage_times(events: list[Event], *, now: datetime) -> list[StageTime]:
    """The stages in the order they were first entered; seconds of all visits, up to `now` for a stage under way."""
    entered: dict[Stage, datetime] = {}
    seconds: dict[Stage, float] = {}
    before: tuple[Stage, datetime] | None = None
    for event in events:
        about = event.data.get("metadata")
        stage = about.get("stage") if isinstance(about, dict) else None
        if not isinstance(stage, str) or (before is not None and before[0] == stage):
            continue
        if before is not None:
            seconds[before[0]] += (event.time - before[1]).total_seconds()
        before = (Stage(stage), event.time)
        entered.setdefault(*before)
        seconds.setdefault(before[0], 0.0)
    if before is not None and not before[0].terminal:
        seconds[before[0]] += (now - before[1]).total_seconds()
    return [StageTime(name=stage, entered_at=at, seconds=seconds[stage]) for stage, at in entered.items()]


def _progress(stage: Stage, stages: list[StageTime]) -> float:
    """How far along the way to active; for a failed run, how far it came."""
    last = _ORDER.index(Stage.ACTIVE)
    reached = [stage, *(one.name for one in stages)] if stage is Stage.FAILED else [stage]
    return max((min(_ORDER.index(one), last) for one in reached if one is not Stage.FAILED), default=0) / last


def _tests(version: Version | None) -> TestCounts | None:
    if version is None or version.tests is None:
        return None
    return TestCounts(passed=version.tests_passed, failed=version.tests_failed)


def _failure(found: Integration, stages: list[StageTime]) -> Failure | None:
    if found.stage is not Stage.FAILED:
        return None
    before = [one.name for one in stages if one.name is not Stage.FAILED]
    error = ErrorData(code="failed", message=found.failure or "The run failed.")
    return Failure(error=error, stage=before[-1] if before else Stage.REQUESTED)
