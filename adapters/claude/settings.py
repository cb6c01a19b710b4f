"""Settings of the Claude adapter: `CCB_CLAUDE_…`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModelSettings(BaseSettings):
    """Which model answers, and at most how long, in tokens. Nothing secret: whoever opens a conversation needs it.

    `context_tokens` is how long the context that a conversation begins with may be, by estimate.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_CLAUDE_", frozen=True, extra="ignore")

    model: str = "claude-sonnet-5-5"
    max_tokens: int = Field(default=32_000, ge=1)
    context_tokens: int = Field(default=40_000, ge=1_000, le=500_000)


class ClaudeSettings(ModelSettings):
    """`timeout` is how long the connection may be silent, `answer_timeout` how long an answer may take, in seconds.

    `prices` names another price table.
    """

    api_key: SecretStr = Field(min_length=1)
    base_url: str = "https://api.anthropic.com"
    timeout: float = Field(default=60.0, gt=0)
    answer_timeout: float = Field(default=720.0, gt=0)
    prices: Path | None = None
