"""Rows become the domain's values here."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from domain.events import Event
from domain.registry import AuditEntry, Integration, RegistryEntry, Version
from domain.vendors import IssueRef

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


def audit_entry(row: RowMapping) -> AuditEntry:
    return AuditEntry(
        at=row["at"],
        actor=row["actor"],
        action=row["action"],
        subject=row["integration_id"],
        result=row["result"],
        detail=row["detail"],
    )


def version(row: RowMapping) -> Version:
    return version_of(row["document"], row["created_at"])


def version_of(document: dict[str, Any], created_at: datetime) -> Version:
    return Version.model_validate(document | {"created_at": created_at})


def registry_entry(row: RowMapping) -> RegistryEntry:
    return RegistryEntry.model_validate(row["document"] | {"registered_at": row["registered_at"]})


def issue_key(issue: IssueRef) -> str:
    """What names an issue. Repositories are the same whatever their case."""
    return f"{issue.source}:{issue.repo.lower()}#{issue.number}"
