"""The picture of a run."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from rich.console import Console

from cli.client import Run
from cli.view import facts, line, rendered
from domain.conversation import Budget, Spent
from domain.lifecycle import Stage
from domain.runs import Failure, RunStatus, StageTime, Undone, Waiting

NOW = datetime.now(UTC)
ID = "int_" + "0" * 32


def a_run(**changes: object) -> Run:
    status = {
        "integration_id": ID,
        "name": "project-issues",
        "version": "1.0.0",
        "stage": Stage.GENERATING,
        "step": "turn 3",
        "progress": 0.4,
        "stages": [
            StageTime(name=Stage.REQUESTED, entered_at=NOW, seconds=0.2),
            StageTime(name=Stage.ANALYZING, entered_at=NOW, seconds=65),
            StageTime(name=Stage.GENERATING, entered_at=NOW, seconds=3),
        ],
        "approvals_needed": 1,
        "spent": Spent(usd=Decimal("0.0123"), turns=3),
        "budget": Budget(),
        **changes,
    }
    return Run(
        workflow_id=f"integration/{ID}",
        run_id="r",
        source="workflow",
        temporal_url="http://127.0.0.1:8233/x",
        status=RunStatus.model_validate(status),
    )


def drawn(run: Run) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=120).print(rendered(run))
    return [" ".join(row.split()) for row in out.getvalue().splitlines()]


def test_stages_that_are_over_are_ticked_with_their_time_and_the_one_under_way_is_marked():
    rows = drawn(a_run())
    assert "✓ requested 0.2 s" in rows
    assert "✓ analyzing 1 min 05 s" in rows
    assert "● generating 3.0 s" in rows
    assert "· deploying" in rows


def test_a_failed_run_marks_its_stage_and_says_what_was_undone_and_what_not():
    failure = Failure(
        error={"code": "budget_exceeded", "message": "The budget is used up."},
        stage=Stage.GENERATING,
        undone=[Undone(step="delete branch", ok=True), Undone(step="close pull request", ok=False, error="no answer")],
    )
    rows = drawn(a_run(stage=Stage.FAILED, failure=failure))
    assert "✗ generating 3.0 s" in rows
    text = "\n".join(rows)
    assert "The budget is used up." in text
    assert "delete branch, NOT close pull request (no answer)" in text


def test_what_it_waits_for_since_when_and_until_when_is_said():
    now = datetime.now(UTC)
    waiting = Waiting(what="a review", since=now - timedelta(hours=2), until=now + timedelta(days=2, hours=1))
    found = dict(facts(a_run(stage=Stage.REVIEWING, waiting=waiting)))
    assert found["waits for"].startswith("a review (since 2 h 00 min ago, at most 2 d 0")
    assert found["cost"] == "$0.0123 of $10.0000, 3 turns"


def test_a_run_told_from_the_database_says_so_and_claims_no_cost():
    run = a_run().model_copy(update={"source": "database"})
    found = dict(facts(run))
    assert "cost" not in found
    assert "database" in found["note"]


def test_one_line_for_pipes():
    assert line(a_run().status) == "project-issues generating: turn 3"
    assert line(a_run(stage=Stage.ACTIVE).status) == "project-issues active"
