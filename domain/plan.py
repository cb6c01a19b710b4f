"""The plan: what Claude proposes to build, typed. Names in it are safe whatever the document says.

It is what a person approves: hosts, secrets and operations that it does not name are not given to the integration.
"""

import re
from typing import Annotated, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import Field, StringConstraints, field_validator, model_validator

from domain.base import Data

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,48}[a-z0-9]$")]
CapabilityName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$", max_length=80)]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$", max_length=259)]
Route = Annotated[str, StringConstraints(pattern=r"^(/([a-z0-9_-]+|\{[a-z][a-z0-9_]*\}))+$", max_length=200)]
Method = Literal["get", "post", "put", "patch", "delete"]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=600)]

RESERVED_ROUTES = frozenset({"/health", "/docs", "/openapi.json", "/redoc", "/metrics"})


class OperationUse(Data):
    """One operation of the outside API, by its place in the document (`method` and `path` as written there)."""

    method: Method
    path: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    purpose: Sentence


class Capability(Data):
    """Something the integration can do: one route of its own, backed by one operation."""

    name: CapabilityName
    description: Sentence
    method: Method
    route: Route
    operation: OperationUse
    example: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9/_.~?=&%:-]*$", max_length=500)] | None = Field(
        default=None, description="A path with query that can be called to see it work without changing anything."
    )

    @field_validator("route")
    @classmethod
    def _not_reserved(cls, route: str) -> str:
        if route in RESERVED_ROUTES:
            raise ValueError(f"route {route} is reserved; choose another")
        return route


class Dependency(Data):
    """Another integration that this one needs. `version_range` as in PEP 440, such as `>=1,<2`."""

    name: Name
    version_range: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.,<>=!~* ]+$", max_length=80)]

    @field_validator("version_range")
    @classmethod
    def _a_range(cls, text: str) -> str:
        try:
            SpecifierSet(text)
        except InvalidSpecifier as error:
            raise ValueError(f"{text} is not a range of versions; write it as in PEP 440, such as >=1,<2") from error
        return text


class ConfigurationKey(Data):
    """A setting given to the process in its environment."""

    name: EnvironmentName
    description: Sentence
    default: Annotated[str, StringConstraints(max_length=500)] | None = None


class SecretKey(Data):
    """A secret given to the process in its environment; never stored in code, prompts or histories."""

    name: EnvironmentName
    description: Sentence
    required: bool = True


class Plan(Data):
    """What will be built."""

    name: Name
    summary: Sentence
    base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"'\\<>{}]+$", max_length=500)]
    capabilities: Annotated[list[Capability], Field(min_length=1, max_length=25)]
    dependencies: list[Dependency] = []
    hosts: Annotated[list[Host], Field(min_length=1, max_length=10)]
    configuration: Annotated[list[ConfigurationKey], Field(max_length=20)] = []
    secrets: Annotated[list[SecretKey], Field(max_length=10)] = []
    acceptance: Annotated[list[Sentence], Field(min_length=1, max_length=20)]

    @property
    def package(self) -> str:
        """The name of the Python package: `name` with underscores; never a keyword or a standard module's name."""
        return package_name(self.name)

    @property
    def operations(self) -> list[OperationUse]:
        return [capability.operation for capability in self.capabilities]

    @model_validator(mode="after")
    def _consistent(self) -> "Plan":
        keys = [key.name for key in self.configuration] + [secret.name for secret in self.secrets]
        for what, values in (
            ("capability", [c.name for c in self.capabilities]),
            ("dependency", [one.name for one in self.dependencies]),
            ("route", [f"{c.method} {c.route}" for c in self.capabilities]),
            ("configuration or secret", keys),
        ):
            doubled = sorted({value for value in values if values.count(value) > 1})
            if doubled:
                raise ValueError(f"{what} named twice: {', '.join(doubled)}")
        host = host_of(self.base_url)
        if host not in self.hosts:
            raise ValueError(f"hosts must name {host}, the host of base_url")
        return self


def host_of(base_url: str) -> str:
    """The host of a URL, with its port if it names one, in lower case."""
    return re.sub(r"^https?://([^/@]*@)?", "", base_url).split("/")[0].lower()


def package_name(name: str) -> str:
    """A Python package name from an integration's name: `stripe-refunds` becomes `stripe_refunds_integration`.

    The ending keeps it from being a keyword, or the name of a module that exists.
    """
    return name.replace("-", "_") + "_integration"
