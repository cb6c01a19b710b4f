"""Settings of the vulnerability database."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class OsvSettings(BaseSettings):
    """CCB_OSV_*. `url` is of a server with OSV's API; `off` or empty, nothing is looked up and all is "unknown".

    Times are in seconds: `timeout` for one request, `total_timeout` for all that a lookup needs.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_OSV_", frozen=True, extra="ignore")

    url: str = "https://api.osv.dev"
    timeout: float = Field(default=5.0, gt=0)
    total_timeout: float = Field(default=20.0, gt=0)
