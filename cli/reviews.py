"""Commands that tell a run something: approve, request-changes, abandon, budget."""

from typing import Annotated

import typer
from pydantic import JsonValue

from cli import output
from cli.client import Api, Run
from cli.connection import connected
from cli.errors import BadInput
from cli.options import Json, NameOrId
from cli.output import said
from cli.view import line
from domain.runs import cents


@connected
def approve(
    api: Api,
    name: NameOrId,
    comment: Annotated[str, typer.Option("--comment", help="Words for those who read the review.")] = "",
    as_json: Json = False,
) -> None:
    """Approve exactly the content that is under review now."""
    _review(api, name, "approve", comment, as_json=as_json)


@connected
def request_changes(
    api: Api,
    name: NameOrId,
    comment: Annotated[str, typer.Option("--comment", help="What has to be different.")],
    as_json: Json = False,
) -> None:
    """Send it back to be written again, with your words."""
    if not comment.strip():
        raise BadInput("Say in --comment what has to be different.")
    _review(api, name, "request_changes", comment, as_json=as_json)


def _review(api: Api, name: str, decision: str, comment: str, *, as_json: bool) -> None:
    now = api.run(name).status
    if now.content_hash is None:
        raise BadInput(f"There is nothing to review yet: {name} is {now.stage}.", code="conflict")
    body: dict[str, JsonValue] = {"decision": decision, "content_hash": now.content_hash, "comment": comment}
    done = "Approved" if decision == "approve" else "Changes requested of"
    _answered(api.tell(name, "reviews", body), f"{done} {now.content_hash}.", as_json=as_json)


@connected
def abandon(
    api: Api,
    name: NameOrId,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who asked for it.")],
    as_json: Json = False,
) -> None:
    """Stop the run and undo what it did."""
    run = api.tell(name, "abandon", {"reason": reason})
    _answered(run, "Abandoned; what it did is being undone.", as_json=as_json)


@connected
def budget(
    api: Api,
    name: NameOrId,
    usd: Annotated[float | None, typer.Option("--usd", min=0.01, help="US dollars in all.")] = None,
    tokens: Annotated[int | None, typer.Option("--tokens", min=1, help="Tokens in all.")] = None,
    turns: Annotated[int | None, typer.Option("--turns", min=1, help="Turns with Claude in all.")] = None,
    as_json: Json = False,
) -> None:
    """Give a run more to spend; one that paused at its limit goes on."""
    limits = {"usd": None if usd is None else str(usd), "tokens": tokens, "turns": turns}
    body: dict[str, JsonValue] = {limit: value for limit, value in limits.items() if value is not None}
    if not body:
        raise BadInput("Give at least one of --usd, --tokens and --turns.")
    run = api.tell(name, "budget", body)
    now = run.status.budget
    _answered(run, f"The budget is {cents(now.usd)}, {now.tokens} tokens, {now.turns} turns.", as_json=as_json)


def _answered(run: Run, done: str, *, as_json: bool) -> None:
    if as_json:
        output.print_json(run)
    else:
        said(done)
        said(line(run.status))
