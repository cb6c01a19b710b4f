"""What a deployment finds in its environment: what the manifest declares, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from domain.errors import InvalidInput
from domain.vendors import DeploymentSpec

BASE_URL = "BASE_URL"
"""Every integration reads it, declared or not."""


@dataclass(frozen=True)
class Environment:
    """By name. The two are kept apart, for they are stored apart."""

    configuration: Mapping[str, str]
    secrets: Mapping[str, str]


def environment(
    spec: DeploymentSpec, configuration: Mapping[str, str], secrets: Mapping[str, SecretStr]
) -> Environment:
    """What `spec` declares, with its defaults. Raises InvalidInput for what it does not declare, or requires."""
    declared = {key.name for key in spec.configuration} | {BASE_URL}
    if unknown := sorted(configuration.keys() - declared):
        raise InvalidInput(f"The manifest declares no configuration {', '.join(unknown)}.", field="configuration")
    if unknown := sorted(secrets.keys() - {secret.name for secret in spec.secrets}):
        raise InvalidInput(f"The manifest declares no secret {', '.join(unknown)}.", field="secrets")
    if missing := [key.name for key in spec.secrets if key.required and key.name not in secrets]:
        raise InvalidInput(f"The manifest requires the secret {', '.join(missing)}; give its value.", field="secrets")
    defaults = {key.name: key.default for key in spec.configuration if key.default is not None}
    return Environment(
        configuration={**defaults, **configuration},
        secrets={name: value.get_secret_value() for name, value in secrets.items()},
    )
