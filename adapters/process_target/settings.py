"""Settings of the runner and of its client. Both read the key from `CCB_RUNNER_KEY`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_PORT = 7180


class ProcessTargetSettings(BaseSettings):
    """How to reach the runner. `timeout` is in seconds, for everything but an installation."""

    model_config = SettingsConfigDict(env_prefix="CCB_RUNNER_", frozen=True, extra="ignore")

    url: str = f"http://127.0.0.1:{DEFAULT_PORT}"
    key: SecretStr = Field(min_length=16)
    timeout: float = Field(default=15.0, gt=0)
    install_timeout: float = Field(default=300.0, gt=0)


class RunnerSettings(BaseSettings):
    """How the runner runs. `public_url` is what people reach it by, where that is not `http://HOST:PORT`."""

    model_config = SettingsConfigDict(env_prefix="CCB_RUNNER_", frozen=True, extra="ignore", populate_by_name=True)

    host: str = "127.0.0.1"
    port: int = Field(default=DEFAULT_PORT, ge=1, le=65535)
    key: SecretStr = Field(min_length=16)
    public_url: str = ""
    data_dir: Path = Field(default=Path(".ccb"), validation_alias="CCB_DATA_DIR")

    @property
    def folder(self) -> Path:
        """Where the runner keeps its desired state, deployments and logs."""
        return self.data_dir.resolve() / "runner"

    @property
    def base_url(self) -> str:
        """What stable URLs begin with, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"
