"""Rows become the domain's values here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from domain.events import Event
from domain.registry import Integration, IntegrationDetail, RegistryEntry, Version
from domain.runs import Work
from domain.vendors import IssueRef, TicketRef

Row = RowMapping | Mapping[str, Any]

_INTEGRATION = frozenset(Integration.model_fields)
_MANY = TypeAdapter(list[Integration])


def integration(row: Row) -> Integration:
    return Integration.model_validate(_fields(row))


def integrations(found: Sequence[Row]) -> list[Integration]:
    return _MANY.validate_python([_fields(row) for row in found])


def detail(found: Sequence[Row]) -> IntegrationDetail:
    """Of one integration: a row for each version, each with what there is once."""
    row = found[0]
    made = [one["made"] | {"created_at": one["made_at"]} for one in found if one["made"] is not None]
    entry = None if row["registered"] is None else row["registered"] | {"registered_at": row["registered_at"]}
    return IntegrationDetail.model_validate(_fields(row) | {"versions": made, "registry": entry})


def _fields(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in _INTEGRATION}


def event(row: Row) -> Event:
    return Event(
        id=row["id"],
        type=row["type"],
        time=row["time"],
        subject=row["integration_id"],
        sequence=row["sequence"],
        data=row["data"],
    )


def version(row: Row) -> Version:
    return version_of(row["document"], row["created_at"])


def version_of(document: dict[str, Any], created_at: datetime) -> Version:
    return Version.model_validate(document | {"created_at": created_at})


def registry_entry(row: Row) -> RegistryEntry:
    return RegistryEntry.model_validate(row["document"] | {"registered_at": row["registered_at"]})


def asked_by(cmd: Work) -> dict[str, Any]:
    """The columns that say which issue or ticket asked for it."""
    issue, ticket = cmd.issue, cmd.ticket
    return {
        "issue": issue.model_dump(mode="json") if issue else None,
        "issue_key": issue_key(issue) if issue else ticket_key(ticket) if ticket else None,
        "ticket": ticket.model_dump(mode="json") if ticket else None,
    }


def issue_key(issue: IssueRef) -> str:
    """What names an issue. Repositories are the same whatever their case."""
    return f"{issue.source}:{issue.repo.lower()}#{issue.number}"


def ticket_key(ticket: TicketRef) -> str:
    """What names a ticket, among issues: its id stays when it moves to another project, its key does not."""
    return f"{ticket.tracker}:{ticket.id}"
