"""Commands about what runs where: deploy, promote, rollback, deployments."""

from enum import StrEnum
from typing import Annotated

import typer
from pydantic import JsonValue

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.options import Json, NameOrId
from cli.output import cell, said
from cli.starting import Watch, begun, key
from domain.deployments import DeploymentStage
from domain.operations import Environment


class Strategy(StrEnum):
    """How requests move to the new version."""

    CANARY = "canary"
    BLUE_GREEN = "blue_green"


ByStrategy = Annotated[
    Strategy | None,
    typer.Option("--strategy", help="canary moves requests by shares, blue_green all at once.", show_default="canary"),
]
Ramp = Annotated[
    str | None,
    typer.Option("--ramp", help="The shares of a canary in percent, one after another.", show_default="10,50"),
]
Hold = Annotated[
    int | None,
    typer.Option("--hold", help="For how many seconds each share is held.", min=1, max=604_800, show_default="30"),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for those who read it later.")]

_STYLES = {DeploymentStage.SERVING: "green", DeploymentStage.STARTING: "cyan", DeploymentStage.STOPPED: "dim"}


@connected
def deploy(
    api: Api,
    name: NameOrId,
    version: Annotated[str | None, typer.Option("--version", help="Which version.", show_default="the newest")] = None,
    environment: Annotated[
        Environment, typer.Option("--environment", help="Where it is to serve.")
    ] = Environment.PRODUCTION,
    tests: Annotated[bool, typer.Option("--tests/--no-tests", help="Test it once more before.")] = True,
    strategy: ByStrategy = None,
    ramp: Ramp = None,
    hold: Hold = None,
    reason: Reason = "",
    follow: Watch = False,
    as_json: Json = False,
) -> None:
    """Put a version into an environment; what serves there serves on until it has taken over."""
    body: dict[str, JsonValue] = {
        "environment": environment,
        "tests": tests,
        "reason": reason,
        **_rollout(strategy, ramp, hold),
    }
    started = api.start(name, "deployments", body | _version(version), key=key())
    begun(api, name, started, follow=follow, as_json=as_json)


@connected
def promote(
    api: Api,
    name: NameOrId,
    strategy: ByStrategy = None,
    ramp: Ramp = None,
    hold: Hold = None,
    reason: Reason = "",
    follow: Watch = False,
    as_json: Json = False,
) -> None:
    """Put the version that serves in staging into production."""
    body: dict[str, JsonValue] = {"reason": reason, **_rollout(strategy, ramp, hold)}
    begun(api, name, api.start(name, "promote", body, key=key()), follow=follow, as_json=as_json)


@connected
def rollback(
    api: Api,
    name: NameOrId,
    to: Annotated[
        str | None, typer.Option("--to", help="Which earlier version.", show_default="the one before")
    ] = None,
    reason: Reason = "",
    follow: Watch = False,
    as_json: Json = False,
) -> None:
    """Have an earlier version serve production again, at once."""
    started = api.start(name, "rollback", {"reason": reason, **_version(to)}, key=key())
    begun(api, name, started, follow=follow, as_json=as_json)


@connected
def deployments(api: Api, name: NameOrId, as_json: Json = False) -> None:
    """List what runs where, and what did, the newest change first."""
    found = api.deployments(name)
    if as_json:
        output.print_json(found)
        return
    if not found:
        said(f"Nothing of {name} was deployed yet.")
        return
    table = output.table("ENVIRONMENT", "VERSION", "STATE", "SINCE", "TARGET", "URL")
    for one in found:
        since = cell(output.ago(one.since) if one.since else "", "dim")
        state = cell(one.state, _STYLES.get(one.state, ""))
        serves = one.url if one.state is DeploymentStage.SERVING else ""
        table.add_row(cell(one.environment), cell(one.version), state, since, cell(one.target), cell(serves))
    output.show(table)


def _rollout(strategy: Strategy | None, ramp: str | None, hold: int | None) -> dict[str, JsonValue]:
    """What was asked for; the API knows the rest."""
    if ramp is not None and strategy is Strategy.BLUE_GREEN:
        raise typer.BadParameter("blue_green moves all requests at once: it has no shares", param_hint="--ramp")
    asked: dict[str, JsonValue] = {}
    if strategy is not None:
        asked["strategy"] = strategy
    if ramp is not None:
        asked["steps"] = [*_shares(ramp)]
    if hold is not None:
        asked["hold"] = hold
    return {"rollout": asked} if asked else {}


def _shares(ramp: str) -> list[int]:
    shares = [int(part) if part.strip().isdecimal() else 0 for part in ramp.split(",")]
    if not all(1 <= share <= 99 for share in shares) or shares != sorted(set(shares)):
        raise typer.BadParameter("shares are percents from 1 to 99, each over the one before", param_hint="--ramp")
    return shares


def _version(version: str | None) -> dict[str, JsonValue]:
    return {} if version is None else {"version": version}
