"""`integration.yaml`: what an integration says of itself. Rendered from the approved plan, never by Claude.

Its fields are the registry entry's, and what the runner needs: hosts, configuration, secrets, entry point.
"""

import yaml
from pydantic import ConfigDict, Field

from domain.base import Data
from domain.plan import Capability, ConfigurationKey, Dependency, Host, Name, Plan, SecretKey

PATH = "integration.yaml"
GIVEN = (PATH, "pyproject.toml")
"""Files that are made from the plan: neither Claude nor a pushed commit changes them."""
REQUIREMENTS = ("fastapi", "httpx", "pydantic", "uvicorn")


class HealthCheck(Data):
    """How the integration is watched. `interval` and `timeout` are in seconds."""

    endpoint: str = "/health"
    interval: int = Field(default=30, ge=1)
    timeout: int = Field(default=5, ge=1)


class Manifest(Data):
    """The manifest. `version` is a semantic version (semver.org 2.0.0)."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="Integration manifest")

    name: Name
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    description: str
    author: str
    base_url: str
    entrypoint: str = Field(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*:[a-z_][a-z0-9_]*$")
    dependencies: list[Dependency]
    capabilities: list[Capability]
    hosts: list[Host]
    configuration: list[ConfigurationKey]
    secrets: list[SecretKey]
    health: HealthCheck = HealthCheck()
    requirements: list[str] = list(REQUIREMENTS)


def from_plan(plan: Plan, *, version: str, author: str) -> Manifest:
    return Manifest(
        name=plan.name,
        version=version,
        description=plan.summary,
        author=author,
        base_url=plan.base_url,
        entrypoint=f"{plan.package}.app:app",
        dependencies=plan.dependencies,
        capabilities=plan.capabilities,
        hosts=plan.hosts,
        configuration=plan.configuration,
        secrets=plan.secrets,
    )


def render(manifest: Manifest) -> str:
    return yaml.safe_dump(manifest.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)


def parse(text: str) -> Manifest:
    return Manifest.model_validate(yaml.safe_load(text))
