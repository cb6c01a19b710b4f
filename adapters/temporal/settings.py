"""Where Temporal is, and what its histories are encrypted with."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class TemporalSettings(BaseSettings):
    """Environment: CCB_TEMPORAL_…

    `payload_keys` are `ID:KEY` with commas between, each key 32 bytes in URL-safe base64: the first encrypts histories,
    all decrypt them. Without, histories are in the clear (they hold references, never secrets).
    """

    model_config = SettingsConfigDict(env_prefix="CCB_TEMPORAL_", frozen=True, extra="ignore")

    address: str = "127.0.0.1:7233"
    namespace: str = "default"
    ui_url: str = "http://127.0.0.1:8233"
    tls: bool = False
    payload_keys: SecretStr | None = None
