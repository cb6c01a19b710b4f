"""Settings of the Slack adapter: `CCB_SLACK_…`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SlackSettings(BaseSettings):
    """`channel` is where reviews are asked for: an id, or a name that the bot can see."""

    model_config = SettingsConfigDict(env_prefix="CCB_SLACK_", frozen=True, extra="ignore")

    base_url: str = "https://slack.com/api/"
    token: SecretStr = Field(min_length=1)
    signing_secret: SecretStr = Field(min_length=1)
    channel: str = Field(min_length=1)
