"""The integration that a path names."""

from typing import Annotated

from fastapi import Depends, Path

from api.security import Reader, found_by
from api.services import Wired
from domain.registry import Integration

NameOrId = Annotated[
    str, Path(description="Name or id of the integration.", max_length=100, examples=["weather-reports"])
]


async def _found(integration: NameOrId, caller: Reader, services: Wired) -> Integration:
    """One of another organisation is not there."""
    return await found_by(integration, caller, services)


Found = Annotated[Integration, Depends(_found)]
