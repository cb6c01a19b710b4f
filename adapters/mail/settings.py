"""Where mail goes."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SmtpSettings(BaseSettings):
    """CCB_SMTP_*. Without a host, mail is written into a folder. `timeout` is in seconds."""

    model_config = SettingsConfigDict(env_prefix="CCB_SMTP_", frozen=True, extra="ignore")

    host: str | None = None
    port: int = Field(default=587, ge=1, le=65535)
    user: str | None = None
    password: SecretStr | None = None
    sender: str = Field(default="ccb@localhost", min_length=3, max_length=254)
    security: Literal["starttls", "tls", "none"] = "starttls"
    timeout: float = Field(default=20, gt=0)
    folder: Path | None = None
