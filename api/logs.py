"""The logs of an integration's deployment, as NDJSON."""

from collections.abc import AsyncGenerator

from api.services import Services
from domain import ids
from domain.errors import NotFound
from domain.ports import Target
from domain.registry import Integration
from domain.vendors import LogLine

MEDIA_TYPE = "application/x-ndjson"


async def opened(found: Integration, services: Services, *, limit: int, follow: bool) -> AsyncGenerator[str]:
    """The lines so far, read before the answer begins, so that an error can still be a problem; then those to come."""
    deployment = await _deployment(found, services)
    lines = await services.target.logs(deployment, limit=limit)
    return _written(services.target, deployment, lines, follow=follow)


async def _deployment(found: Integration, services: Services) -> str:
    """The live one, else that of the newest version."""
    live = await services.target.live(found.name) if found.name else None
    if live is not None:
        return live
    versions = await services.integrations.versions(found.id)
    if not versions:
        raise NotFound(f"{found.name or found.id} was never deployed; it is {found.stage}.", stage=found.stage)
    return ids.deployment(found.id, versions[-1].content_hash)


async def _written(target: Target, deployment: str, lines: list[LogLine], *, follow: bool) -> AsyncGenerator[str]:
    for line in lines:
        yield _json(line)
    if not follow:
        return
    caught_up = False
    async for line in target.follow(deployment):
        if not caught_up:
            # Following begins a moment after the reading; what was written between the two is read again.
            caught_up = True
            for missed in await target.logs(deployment, limit=200):
                if (not lines or missed.at > lines[-1].at) and missed.at < line.at:
                    yield _json(missed)
        yield _json(line)


def _json(line: LogLine) -> str:
    return line.model_dump_json() + "\n"
