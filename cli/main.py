"""`ccb`, the command line."""

import json
from importlib.metadata import version as installed
from typing import Annotated

import typer

from cli import bundles, deployments, finding, integrations, retirement, reviews, steering, testing, versions
from cli.audit import audit
from cli.demo import demo
from cli.health import drift, health
from cli.keys import keys
from cli.limits import limits
from cli.login import login, logout, whoami
from cli.options import Json
from cli.organizations import organizations
from cli.people import people
from cli.roles import roles
from cli.schedules import schedules
from cli.secrets import secrets
from cli.sessions import me, sessions
from cli.up import up
from cli.watch import watch
from cli.webhooks import webhooks
from cli.workers import workers

app = typer.Typer(
    name="ccb",
    help="Claude Code Bot: turns a request for an integration into a running, watched service.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("up")(up)
app.command("demo")(demo)
app.command("login")(login)
app.command("logout")(logout)
app.command("whoami")(whoami)
app.command("me")(me)
app.command("create")(integrations.create)
app.command("status")(integrations.status)
app.command("watch")(watch)
app.command("list")(finding.list_integrations)
app.command("find")(finding.find)
app.command("set")(finding.describe)
app.command("registry")(finding.registry)
app.command("runs")(finding.runs)
app.command("logs")(integrations.logs)
app.command("approve")(reviews.approve)
app.command("request-changes")(reviews.request_changes)
app.command("abandon")(reviews.abandon)
app.command("budget")(reviews.budget)
app.command("pause")(steering.pause)
app.command("resume")(steering.resume)
app.command("retry")(steering.retry)
app.command("deploy")(deployments.deploy)
app.command("promote")(deployments.promote)
app.command("rollback")(deployments.rollback)
app.command("deployments")(deployments.deployments)
app.command("test")(testing.run_tests)
app.command("tests")(testing.list_tests)
app.command("update")(versions.update)
app.command("versions")(versions.versions)
app.command("compare")(versions.compare)
app.command("annotate")(versions.annotate)
app.command("deprecate")(retirement.deprecate)
app.command("undeprecate")(retirement.undeprecate)
app.command("retire")(retirement.retire)
app.command("dependencies")(retirement.dependencies)
app.command("bundle")(bundles.bundle)
app.command("verify")(bundles.verify)
app.command("health")(health)
app.command("drift")(drift)
app.add_typer(people)
app.add_typer(keys)
app.add_typer(organizations)
app.add_typer(roles)
app.add_typer(sessions)
app.add_typer(secrets)
app.add_typer(limits)
app.add_typer(schedules)
app.add_typer(webhooks)
app.add_typer(audit)
app.add_typer(workers)


@app.command("version")
def version(as_json: Json = False) -> None:
    """Say which version this is."""
    typer.echo(json.dumps({"version": installed("ccb")}) if as_json else f"ccb {installed('ccb')}")


def _version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def _options(
    _wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and end.")
    ] = False,
) -> None:
    """Claude Code Bot."""


def main() -> None:
    app()
