"""The queue `build`: Claude's tools, checks and tests, on text and code that nobody trusts. It holds no credentials."""

from activities.builds import BuildActivities
from activities.tools import ToolActivities
from adapters.openapi import OpenApiDocuments, OpenApiSettings
from adapters.sandbox import Environments, SandboxSettings
from adapters.validation.engine import SandboxChecks
from domain.manifest import REQUIREMENTS
from workers.shared import Shared, Step, steps


def activities(shared: Shared) -> list[Step]:
    documents = OpenApiDocuments(OpenApiSettings())
    checks = SandboxChecks(shared.artifacts, Environments(shared.settings.environments), SandboxSettings())
    return steps(ToolActivities(documents, checks, shared.artifacts), BuildActivities(checks, shared.artifacts))


async def warm(shared: Shared) -> None:
    """Build the environment of checks and tests ahead of the first run that needs it: it takes seconds.

    Raises SandboxUnavailable where generated code cannot be run at all.
    """
    await Environments(shared.settings.environments).ensure(REQUIREMENTS, tools=True)
