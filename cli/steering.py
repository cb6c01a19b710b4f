"""Commands that steer a run: pause, resume, retry. Abandon and budget are beside the reviews."""

from typing import Annotated

import typer
from pydantic import JsonValue

from cli import output
from cli.client import Api, Run
from cli.connection import connected
from cli.options import Json, NameOrId
from cli.output import said
from cli.view import line


@connected
def pause(
    api: Api,
    name: NameOrId,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who wait for it.")],
    as_json: Json = False,
) -> None:
    """Hold a run at its next step; what is under way ends."""
    _told(api.tell(name, "pause", {"reason": reason}), "Paused; `ccb resume` lets it go on.", as_json=as_json)


@connected
def resume(api: Api, name: NameOrId, as_json: Json = False) -> None:
    """Let a paused run go on."""
    _told(api.tell(name, "resume", {}), "Resumed.", as_json=as_json)


@connected
def retry(
    api: Api,
    name: NameOrId,
    usd: Annotated[float | None, typer.Option("--usd", min=0.01, help="A higher budget: US dollars in all.")] = None,
    tokens: Annotated[int | None, typer.Option("--tokens", min=1, help="A higher budget: tokens in all.")] = None,
    turns: Annotated[int | None, typer.Option("--turns", min=1, help="A higher budget: turns in all.")] = None,
    as_json: Json = False,
) -> None:
    """Start a run that failed again, from where it failed: what is still valid is not done again."""
    limits = {"usd": None if usd is None else str(usd), "tokens": tokens, "turns": turns}
    budget: dict[str, JsonValue] = {limit: value for limit, value in limits.items() if value is not None}
    started = api.retry(name, {"budget": budget})
    if as_json:
        output.print_json(started)
    else:
        said(f"{name} goes on from where it failed; `ccb watch {name}` follows it.")


def _told(run: Run, done: str, *, as_json: bool) -> None:
    if as_json:
        output.print_json(run)
    else:
        said(done)
        said(line(run.status))
