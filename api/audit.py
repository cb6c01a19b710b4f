"""The audit trail of the caller's organisation."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.problems import documented
from api.security import may
from api.services import Wired
from domain.access import Acting, Permission
from domain.audit import AuditPage

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])

Auditor = Annotated[Acting, Depends(may(Permission.AUDIT_READ))]


@router.get("", responses=documented())
async def read_audit(
    caller: Auditor,
    services: Wired,
    after: Annotated[int, Query(ge=0, le=2**53, description="The `sequence` of the last entry that is known.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    newest: Annotated[bool, Query(description="The last ones, not the first ones, of those that fit.")] = False,
    action: Annotated[str | None, Query(max_length=80, description="Only this, such as `integration.retire`.")] = None,
    subject: Annotated[str | None, Query(max_length=300, description="Only what was done to this.")] = None,
    person: Annotated[str | None, Query(max_length=100, description="Only what this person did, by id.")] = None,
) -> AuditPage:
    """Entries as they happened. Without filters they are the chain, which `ccb audit verify` computes anew."""
    return await services.audit.page(
        caller.organization_id,
        after=after,
        limit=limit,
        action=action,
        subject=subject,
        person_id=person,
        newest=newest,
    )
