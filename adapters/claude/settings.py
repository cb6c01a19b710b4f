"""Settings of the Claude adapter: `CCB_CLAUDE_…`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModelSettings(BaseSettings):
    """Which model answers, and at most how long, in tokens. Nothing secret: whoever opens a conversation needs it."""

    model_config = SettingsConfigDict(env_prefix="CCB_CLAUDE_", frozen=True, extra="ignore")

    model: str = "claude-sonnet-5-5"
    max_tokens: int = Field(default=32_000, ge=1)


class ClaudeSettings(ModelSettings):
    """`timeout` is how long the connection may be silent, in seconds; `prices` names another price table."""

    api_key: SecretStr = Field(min_length=1)
    base_url: str = "https://api.anthropic.com"
    timeout: float = Field(default=60.0, gt=0)
    prices: Path | None = None
