"""What can be said about a stack."""

from pathlib import Path
from typing import Self

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _port(default: int, variable: str) -> int:
    port: int = Field(default=default, ge=0, le=65535, validation_alias=variable)
    return port


class StackOptions(BaseSettings):
    """Given values win over the environment's, those over the defaults. Port 0 means any free one.

    `simulate` adds the simulators of Claude, GitHub, Slack, Linear and Jira and points everything at them, whatever the
    environment says. `valkey` and `s3` add these servers; a `CCB_REDIS_URL` or `CCB_ARTIFACTS_URL` in the environment
    names others instead, as `CCB_DATABASE_URL` and `CCB_TEMPORAL_ADDRESS` do. `encrypt_histories` makes a key for them,
    once; from then on they are encrypted. `temporal_config` are further `KEY=VALUE` of the
    Temporal server's dynamic configuration. `start_timeout` is in seconds.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", populate_by_name=True, env_ignore_empty=True)

    data_dir: Path = Field(default=Path(".ccb"), validation_alias="CCB_DATA_DIR")
    host: str = Field(default="127.0.0.1", validation_alias="CCB_API_HOST")
    simulate: bool = Field(default=False, validation_alias=AliasChoices("CCB_SIMULATE"))
    valkey: bool = Field(default=False, validation_alias="CCB_VALKEY")
    s3: bool = Field(default=False, validation_alias="CCB_S3")

    api_port: int = _port(8080, "CCB_API_PORT")
    temporal_port: int = _port(7233, "CCB_TEMPORAL_PORT")
    temporal_ui_port: int = _port(8233, "CCB_TEMPORAL_UI_PORT")
    temporal_http_port: int = _port(7243, "CCB_TEMPORAL_HTTP_PORT")
    temporal_metrics_port: int = _port(9233, "CCB_TEMPORAL_METRICS_PORT")
    runner_port: int = _port(8090, "CCB_RUNNER_PORT")
    simulators_port: int = _port(8099, "CCB_SIMULATORS_PORT")
    valkey_port: int = _port(6380, "CCB_VALKEY_PORT")
    s3_port: int = _port(8333, "CCB_S3_PORT")

    temporal_config: tuple[str, ...] = Field(default=(), validation_alias="CCB_TEMPORAL_CONFIG")
    encrypt_histories: bool = Field(default=False, validation_alias="CCB_ENCRYPT_HISTORIES")
    start_timeout: float = Field(default=60.0, gt=0, validation_alias="CCB_START_TIMEOUT")

    @classmethod
    def on_free_ports(cls, data_dir: Path, *, simulate: bool = False, valkey: bool = False, s3: bool = False) -> Self:
        """For demos and tests: beside anything else that runs here."""
        ports = {name: 0 for name in cls.model_fields if name.endswith("_port")}
        return cls.model_validate(
            {"data_dir": data_dir, "simulate": simulate, "valkey": valkey, "s3": s3, "host": "127.0.0.1", **ports}
        )
