"""Rows become the domain's values here."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from domain.events import Event
from domain.registry import Integration, RegistryEntry, Version
from domain.runs import Work
from domain.vendors import IssueRef, TicketRef

_INTEGRATION = frozenset(Integration.model_fields)


def integration(row: RowMapping) -> Integration:
    return Integration.model_validate({name: value for name, value in row.items() if name in _INTEGRATION})


def event(row: RowMapping) -> Event:
    return Event(
        id=row["id"],
        type=row["type"],
        time=row["time"],
        subject=row["integration_id"],
        sequence=row["sequence"],
        data=row["data"],
    )


def version(row: RowMapping) -> Version:
    return version_of(row["document"], row["created_at"])


def version_of(document: dict[str, Any], created_at: datetime) -> Version:
    return Version.model_validate(document | {"created_at": created_at})


def registry_entry(row: RowMapping) -> RegistryEntry:
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
