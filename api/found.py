"""The integration that a path names."""

from typing import Annotated

from fastapi import Depends, Path

from api.security import Reader
from api.services import Wired
from domain.errors import NotFound
from domain.registry import Integration

NameOrId = Annotated[
    str, Path(description="Name or id of the integration.", max_length=100, examples=["weather-reports"])
]


async def _found(integration: NameOrId, caller: Reader, services: Wired) -> Integration:
    """One of another organisation is not there."""
    found = await services.integrations.find(integration)
    if found.organization_id != caller.organization_id:
        raise NotFound(f"There is no integration {integration}.")
    return found


Found = Annotated[Integration, Depends(_found)]
