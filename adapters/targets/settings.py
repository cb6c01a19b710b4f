"""Which target versions are deployed to."""

from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

Kind = Literal["process", "docker", "kubernetes"]


class TargetSettings(BaseSettings):
    """CCB_DEPLOY_TARGET: the same for the API and for the workers of the queue `deploy`."""

    model_config = SettingsConfigDict(env_prefix="CCB_DEPLOY_", frozen=True, extra="ignore")

    target: Kind = "process"
