"""Where Temporal is."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class TemporalSettings(BaseSettings):
    """Environment: CCB_TEMPORAL_…"""

    model_config = SettingsConfigDict(env_prefix="CCB_TEMPORAL_", frozen=True, extra="ignore")

    address: str = "127.0.0.1:7233"
    namespace: str = "default"
    ui_url: str = "http://127.0.0.1:8233"
    tls: bool = False
