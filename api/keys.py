"""API keys: one's own. Those of others are under /people."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, status
from pydantic import AwareDatetime, Field, field_validator

from api.moments import Rfc3339
from api.problems import documented
from api.repeats import Repeated
from api.security import Keyholder
from api.services import Services, Wired
from domain.access import ApiKey, Permission
from domain.base import Data
from domain.errors import NotFound
from domain.people import ShownName

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])

KeyId = Annotated[
    str, Path(description="Which key.", max_length=100, examples=["key_01a208b6dbf270b3a0afa79a44221072"])
]


class NewKey(Data):
    """`scopes` are permissions; a key never allows more than its owner may. Without them it allows all of that."""

    label: ShownName = Field(examples=["laptop"])
    scopes: list[Permission] | None = Field(
        default=None, max_length=len(Permission), examples=[["integrations:read", "runs:read"]]
    )
    expires_at: Rfc3339 | None = Field(default=None, examples=["2027-06-30T00:00:00Z"])

    @field_validator("expires_at")
    @classmethod
    def _to_come(cls, at: datetime | None) -> datetime | None:
        if at is not None and at <= datetime.now(UTC):
            raise ValueError("must be in the future")
        return at


class IssuedKey(Data):
    """A key, shown this once: only its hash is kept."""

    person_id: str
    label: str
    key: str
    id: str
    prefix: str
    scopes: list[str] | None = None
    expires_at: AwareDatetime | None = None


@router.get("", responses=documented())
async def list_keys(caller: Keyholder, services: Wired) -> list[ApiKey]:
    """Your own keys, the newest first, those revoked too. Of each only how it begins is known."""
    return await services.keys.of(caller.id, organization_id=caller.bound_to)


@router.post("", status_code=status.HTTP_201_CREATED, responses=documented())
async def create_key(body: NewKey, caller: Keyholder, services: Wired, once: Repeated) -> IssuedKey:
    """Make a key for yourself, good wherever what you call with is good. It is shown once."""
    return await issued(caller.id, body, services, once, organization_id=caller.bound_to)


@router.delete("/{key}", responses=documented(NotFound))
async def revoke_key(key: KeyId, caller: Keyholder, services: Wired) -> ApiKey:
    """From now on this key of yours opens nothing."""
    return await services.keys.revoke(key, person_id=caller.id, organization_id=caller.bound_to)


async def issued(
    person_id: str, body: NewKey, services: Services, once: Repeated, *, organization_id: str | None
) -> IssuedKey:
    """One key, however often the request is sent: its id is the request's."""
    made, key = await services.keys.issue(
        person_id,
        label=body.label,
        scopes=body.scopes,
        expires_at=body.expires_at,
        organization_id=organization_id,
        key_id=once.made("key"),
    )
    return IssuedKey(
        person_id=person_id,
        label=made.label,
        key=key.get_secret_value(),
        id=made.id,
        prefix=made.prefix,
        scopes=None if made.scopes is None else list(made.scopes),
        expires_at=made.expires_at,
    )
