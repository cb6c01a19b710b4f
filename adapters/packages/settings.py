"""Settings of the package index."""

from datetime import datetime

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class PackageSettings(BaseSettings):
    """CCB_PACKAGES_*. Without `index_url`, uv's own configuration says which index (its variables and `uv.toml`).

    Times are in seconds: `timeout` for one resolution, `connect_timeout` and `read_timeout` for fetching a wheel, and
    `max_age` for how long a resolution is used again. `max_bytes` bounds one wheel. With `exclude_newer`, what was
    uploaded after that moment is not seen.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_PACKAGES_", frozen=True, extra="ignore", env_ignore_empty=True)

    index_url: SecretStr | None = None
    timeout: float = Field(default=60.0, gt=0)
    connect_timeout: float = Field(default=5.0, gt=0)
    read_timeout: float = Field(default=30.0, gt=0)
    max_age: float = Field(default=86_400.0, ge=0)
    max_bytes: int = Field(default=200_000_000, ge=1)
    exclude_newer: datetime | None = None
