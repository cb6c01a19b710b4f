"""Finding: integrations by what they are, the registry by what it can do, runs; and what people say of one."""

from collections.abc import Mapping
from typing import Annotated, TypeVar
from urllib.parse import quote, urlencode

import typer
from pydantic import ConfigDict, JsonValue

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.options import Json, NameOrId
from cli.output import cell, said
from domain.base import Data
from domain.health import HealthState
from domain.lifecycle import Operation, Stage
from domain.listing import RegistryPage, RunPage, RunRecord, RunState, Sort
from domain.registry import Integration, Page, RegistryEntry

_PAGE = 200
_STYLES = {RunState.RUNNING: "cyan", RunState.SUCCEEDED: "green", RunState.FAILED: "red"}
_Answer = TypeVar("_Answer", Page, RegistryPage, RunPage)

Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
StageOption = Annotated[Stage | None, typer.Option("--stage", help="Only those in this stage.")]
OwnerOption = Annotated[str | None, typer.Option("--owner", help="Only those of this person: name, id, or `me`.")]
CapabilityOption = Annotated[str | None, typer.Option("--capability", help="Only those that offer this.")]
LabelOption = Annotated[str | None, typer.Option("--label", help="Only those with this label.")]
HealthOption = Annotated[HealthState | None, typer.Option("--health", help="Only those in this state.")]
TextOption = Annotated[str, typer.Option("--text", help="Only those with words in title or name that begin so.")]
SortOption = Annotated[Sort, typer.Option("--sort", help="The order.")]


class _Described(Data):
    """What of an integration can be said anew, and the revision that it is said of."""

    model_config = ConfigDict(extra="ignore")

    title: str
    description: str
    labels: list[str]
    owner: str
    revision: int


@connected
def list_integrations(
    api: Api,
    stage: StageOption = None,
    owner: OwnerOption = None,
    capability: CapabilityOption = None,
    label: LabelOption = None,
    health: HealthOption = None,
    text: TextOption = "",
    sort: SortOption = Sort.NEWEST,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List integrations, newest first."""
    filters = {"stage": stage, "owner": owner, "capability": capability, "label": label, "health": health}
    wanted = {name: value for name, value in {**filters, "text": text}.items() if value}
    _show(integrations(api, {**wanted, "sort": sort}, limit), as_json=as_json, all_of_them=not wanted)


@connected
def find(
    api: Api,
    words: Annotated[list[str], typer.Argument(help="Words that its title or name has, or their beginnings.")],
    stage: StageOption = None,
    label: LabelOption = None,
    sort: SortOption = Sort.NEWEST,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """Find integrations by words."""
    wanted = {"text": " ".join(words), "stage": stage, "label": label, "sort": sort}
    _show(integrations(api, wanted, limit), as_json=as_json, all_of_them=False)


@connected
def registry(
    api: Api,
    capability: CapabilityOption = None,
    version: Annotated[str | None, typer.Option("--version", help="Only versions in this range, as >=1,<2.")] = None,
    health: HealthOption = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """Show what can be used: what is registered, by what it can do."""
    wanted = {"capability": capability, "version": version, "health": health}
    found: list[RegistryEntry] = _pages(api, RegistryPage, "/api/v1/registry", wanted, limit)
    if as_json:
        output.print_json(found)
        return
    if not found:
        said("Nothing of the kind is registered.")
        return
    table = output.table("NAME", "VERSION", "CAN", "URL")
    for one in found:
        can = ", ".join(capability.name for capability in one.capabilities)
        table.add_row(cell(one.name), cell(one.version), cell(can), cell(one.url))
    output.show(table)


@connected
def runs(
    api: Api,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only those of this integration.")] = None,
    state: Annotated[RunState | None, typer.Option("--state", help="Only those in this state.")] = None,
    operation: Annotated[Operation | None, typer.Option("--operation", help="Only those that do this.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List runs, newest first: those under way and those that were."""
    wanted = {"integration": name, "state": state, "operation": operation}
    found: list[RunRecord] = _pages(api, RunPage, "/api/v1/runs", wanted, limit)
    if as_json:
        output.print_json(found)
        return
    if not found:
        said("No run.")
        return
    table = output.table("NAME", "RUN", "STATE", "STARTED", "BY", "ABOUT")
    for one in found:
        state_cell = cell(one.state, _STYLES[one.state])
        started = cell(output.ago(one.started_at), "dim")
        about = cell(one.failure or one.detail)
        what = cell(one.operation.words)
        table.add_row(cell(one.name or one.integration_id), what, state_cell, started, cell(one.requester.name), about)
    output.show(table)


@connected
def describe(
    api: Api,
    name: NameOrId,
    title: Annotated[str | None, typer.Option("--title", help="What it is, in a sentence.")] = None,
    description: Annotated[str | None, typer.Option("--description", help="More about it.")] = None,
    labels: Annotated[list[str] | None, typer.Option("--label", help="In place of its labels; repeat it.")] = None,
    no_labels: Annotated[bool, typer.Option("--no-labels", help="Take its labels away.")] = False,
    owner: Annotated[str | None, typer.Option("--owner", help="Who answers for it: name or id.")] = None,
    as_json: Json = False,
) -> None:
    """Set what people say of an integration; what is not given stays. No run is needed."""
    path = f"/api/v1/integrations/{quote(name, safe='')}"
    now = api.ask(_Described, path)
    body: dict[str, JsonValue] = {
        "title": title or now.title,
        "description": now.description if description is None else description,
        "labels": [] if no_labels else [*(labels or now.labels)],
        "owner": owner or (now.owner if now.owner.startswith("per_") else None),
    }
    changed = api.change(Integration, path, body, if_match=f'"{now.revision}"')
    if as_json:
        output.print_json(changed)
    else:
        said(f"{changed.name or changed.id}: {changed.title} ({', '.join(changed.labels) or 'no labels'})")


def integrations(api: Api, wanted: Mapping[str, object], limit: int) -> list[Integration]:
    return _pages(api, Page, "/api/v1/integrations", wanted, limit)


def _pages(api: Api, model: type[_Answer], path: str, wanted: Mapping[str, object], limit: int) -> list:  # type: ignore[type-arg]
    """At most `limit` of what there is, over as many pages as that takes."""
    query = {name: str(value) for name, value in wanted.items() if value}
    found: list[object] = []
    while len(found) < limit:
        size = str(min(_PAGE, limit - len(found)))
        page = api.ask(model, f"{path}?{urlencode({**query, 'limit': size})}")
        found += page.items
        if page.next_cursor is None:
            break
        query["cursor"] = page.next_cursor
    return found


def _show(found: list[Integration], *, as_json: bool, all_of_them: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    if not found:
        said("No integrations yet: ccb create --title … --spec FILE|URL" if all_of_them else "None is like that.")
        return
    table = output.table("NAME", "STAGE", "VERSION", "OWNER", "CHANGED", "URL OR TITLE")
    for one in found:
        changed = cell(output.ago(one.updated_at), "dim")
        about = one.url or one.failure or one.title
        owner = cell(one.owner_name)
        table.add_row(cell(one.name or one.id), output.stage(one.stage), cell(one.version), owner, changed, cell(about))
    output.show(table)
