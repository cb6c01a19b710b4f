"""Settings of the runner and of its client. Both read the key from `CCB_RUNNER_KEY`."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.process_target.hosts import PrivateHosts

DEFAULT_PORT = 7180


class ProcessTargetSettings(BaseSettings):
    """How to reach the runner. `timeout` is in seconds, for everything but an installation."""

    model_config = SettingsConfigDict(env_prefix="CCB_RUNNER_", frozen=True, extra="ignore")

    url: str = f"http://127.0.0.1:{DEFAULT_PORT}"
    key: SecretStr = Field(min_length=16)
    timeout: float = Field(default=15.0, gt=0)
    install_timeout: float = Field(default=300.0, gt=0)


class RunnerSettings(BaseSettings):
    """How the runner runs. `public_url` is what people reach it by, where that is not `http://HOST:PORT`.

    `private_hosts` is what integrations may reach that is not public, as `PrivateHosts.parse` reads it.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_RUNNER_", frozen=True, extra="ignore", populate_by_name=True)

    host: str = "127.0.0.1"
    port: int = Field(default=DEFAULT_PORT, ge=1, le=65535)
    key: SecretStr = Field(min_length=16)
    public_url: str = ""
    private_hosts: str = ""
    data_dir: Path = Field(default=Path(".ccb"), validation_alias="CCB_DATA_DIR")

    @field_validator("private_hosts")
    @classmethod
    def _are_hosts(cls, text: str) -> str:
        PrivateHosts.parse(text)
        return text

    @property
    def permitted(self) -> PrivateHosts:
        """`private_hosts`, read."""
        return PrivateHosts.parse(self.private_hosts)

    @property
    def folder(self) -> Path:
        """Where the runner keeps its desired state, deployments and logs."""
        return self.data_dir.resolve() / "runner"

    @property
    def packages(self) -> Path:
        """Where wheels are kept; the builders of this machine keep theirs there too."""
        return self.data_dir.resolve() / "packages"

    @property
    def base_url(self) -> str:
        """What stable URLs begin with, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"
