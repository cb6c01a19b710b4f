"""Secrets that integrations are given in their environment. They are set and named here; no route gives one back."""

from typing import Annotated

from fastapi import APIRouter, Path, status
from pydantic import Field, SecretStr

from adapters.database import Reencrypted
from api.answers import answering
from api.found import Found
from api.problems import documented
from api.security import Caller, WayIn, actor, needs
from api.services import Services, Wired
from domain.access import Permission
from domain.base import Data
from domain.errors import Conflict, Corrupted, InvalidInput, NotFound
from domain.plan import EnvironmentName, Plan, SecretKey
from domain.registry import Integration

router = APIRouter(prefix="/api/v1/integrations/{integration}/secrets", tags=["secrets"])

everything = APIRouter(prefix="/api/v1/secrets", tags=["secrets"])

SecretName = Annotated[EnvironmentName, Path(description="As the integration's plan names it.", examples=["API_TOKEN"])]


class NewSecret(Data):
    """A value: text of at most 64 KB."""

    value: SecretStr = Field(
        min_length=1, max_length=65_536, json_schema_extra={"writeOnly": True, "pattern": r"^[^\x00]*$"}
    )


class SecretView(Data):
    """A secret without its value. `required` is null where no plan says: none is there yet, or it names it no more."""

    name: str
    description: str
    required: bool | None
    is_set: bool


@router.get("", dependencies=[needs(Permission.SECRETS_READ)], responses=documented(NotFound))
async def list_secrets(found: Found, services: Wired) -> list[SecretView]:
    """Which secrets the integration's newest version wants, and which are set."""
    stored = set(await services.secrets.names(found.id))
    declared = await _declared(found, services) or []
    wanted = [
        SecretView(name=key.name, description=key.description, required=key.required, is_set=key.name in stored)
        for key in declared
    ]
    others = stored - {key.name for key in declared}
    return wanted + [SecretView(name=name, description="", required=None, is_set=True) for name in sorted(others)]


@router.put(
    "/{name}",
    dependencies=[needs(Permission.SECRETS_UPDATE)],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(NotFound, Conflict),
)
async def set_secret(
    name: SecretName, body: NewSecret, caller: Caller, found: Found, channel: WayIn, services: Wired
) -> None:
    """Set a secret, or replace it. A run that waits for it goes on; one that is deployed gets it when deployed next."""
    declared = await _declared(found, services)
    if declared is not None and name not in {key.name for key in declared}:
        names = [key.name for key in declared]
        known = f"its plan declares {', '.join(names)}" if names else "its plan declares none"
        raise InvalidInput(f"{found.name or found.id} has no secret {name}: {known}.", field="name", declared=[*names])
    await services.secrets.put(found.id, name, body.value, actor=actor(caller, channel))
    async with answering(services.settings.patience, integration_id=found.id):
        await services.runs.secrets_changed(found.id)


@everything.post(
    "/reencryption", dependencies=[needs(Permission.SECRETS_UPDATE, house=True)], responses=documented(Corrupted)
)
async def reencrypt_secrets(_caller: Caller, services: Wired) -> Reencrypted:
    """Encrypt with the newest key what former keys encrypted; after that they are not needed any more."""
    return await services.reencryption.run()


async def _declared(found: Integration, services: Services) -> list[SecretKey] | None:
    """The secrets in the plan of the newest version; None while there is no version."""
    versions = await services.integrations.versions(found.id)
    if not versions:
        return None
    newest = versions[-1]
    try:
        return Plan.model_validate_json(await services.artifacts.get(newest.plan)).secrets
    except NotFound as error:
        raise Corrupted(f"The plan of {found.name or found.id} {newest.version} is no longer stored.") from error
