"""The queue `build`: Claude's tools, checks and tests, on text and code that nobody trusts. It holds no credentials."""

from activities.builds import BuildActivities
from activities.testing import BenchActivities
from activities.tools import ToolActivities
from adapters.openapi import OpenApiDocuments, OpenApiSettings
from adapters.osv import Osv, OsvSettings
from adapters.packages import Packages, PackageSettings
from adapters.policy import ProvingSettings
from adapters.sandbox import Environments, SandboxSettings
from adapters.validation.contracts import SandboxBench
from adapters.validation.preparing import prepared
from adapters.validation.standard import standard
from workers.shared import Shared, Step, steps


def activities(shared: Shared) -> list[Step]:
    documents = OpenApiDocuments(OpenApiSettings())
    packages, environments = _places(shared)
    policy, osv = ProvingSettings().load(), Osv(OsvSettings())
    checks = standard(shared.artifacts, environments, packages, policy, osv, settings=SandboxSettings())
    bench = SandboxBench(shared.artifacts, environments, packages, policy, settings=SandboxSettings())
    return steps(
        ToolActivities(documents, checks, shared.artifacts),
        BuildActivities(checks, shared.artifacts),
        BenchActivities(bench, shared.artifacts),
    )


async def warm(shared: Shared) -> None:
    """Build the environment of checks and tests ahead of the first run that needs it: it takes seconds.

    Raises SandboxUnavailable where generated code cannot be run at all, and what `Packages.lock` does.
    """
    await prepared(*_places(shared), None, ProvingSettings().load())


def _places(shared: Shared) -> tuple[Packages, Environments]:
    packages = Packages(shared.settings.packages, PackageSettings())
    return packages, Environments(shared.settings.environments, packages)
