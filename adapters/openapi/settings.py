"""What may be configured about reading API documents."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class OpenApiSettings(BaseSettings):
    """Bounds of reading. `max_bytes` holds for what is fetched and what is parsed; times are in seconds.

    `allow_private` lets a document's URL name an address that is not on the public internet. It is off by default:
    whoever writes an issue chooses the URL, and must not be able to read what only this machine can reach.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_DOCUMENTS_", frozen=True, extra="ignore")

    allow_private: bool = False
    max_bytes: int = Field(default=20_000_000, ge=1)
    connect_timeout: float = Field(default=5.0, gt=0)
    total_timeout: float = Field(default=30.0, gt=0)
    cached_documents: int = Field(default=4, ge=1)
