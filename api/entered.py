"""Who has just logged in, and was not known when the request came: so that the audit knows whose deed it was."""

from fastapi import Request

from api.repeats import acted_by
from api.services import Services
from domain.errors import Forbidden


async def entered(request: Request, person_id: str, services: Services) -> None:
    """Note whose request this was. Whoever is no member of their home any more is in no organisation's audit."""
    try:
        person = await services.people.acting(person_id)
    except Forbidden:
        return
    if person is not None:
        acted_by(request, person)
