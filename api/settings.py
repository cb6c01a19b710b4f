"""Settings of the API process, from the environment."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """CCB_API_*. Nothing listens beyond loopback unless `host` says so.

    `repository` is where integrations go when a request names none. `patience` is how long an answer of a run is
    waited for, in seconds; most come in less than one. `codec_token` is part of the codec server's address. An
    integration without requests for `quiet_minutes` counts as unused.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_API_", frozen=True, extra="ignore", populate_by_name=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    data_dir: Path = Field(default=Path(".ccb"), validation_alias="CCB_DATA_DIR")
    patience: float = Field(default=20.0, gt=0)
    quiet_minutes: float = Field(default=15.0, ge=0, le=60)
    operator_key_file: Path | None = None
    codec_token: SecretStr | None = Field(default=None, min_length=16)
    repository: str | None = Field(default=None, validation_alias="CCB_GITHUB_REPOSITORY")

    @property
    def key_file(self) -> Path:
        """Where the operator's key is, if there is one."""
        return self.operator_key_file or self.data_dir / "operator.key"


class WebhookSettings(BaseSettings):
    """What deliveries are verified with. The API holds no vendor's token: it only stores what it is sent."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    github: SecretStr | None = Field(default=None, min_length=1, validation_alias="CCB_GITHUB_WEBHOOK_SECRET")
    slack: SecretStr | None = Field(default=None, min_length=1, validation_alias="CCB_SLACK_SIGNING_SECRET")
