"""Settings of the Linear adapter: `CCB_LINEAR_…`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class LinearSettings(BaseSettings):
    """Where Linear is and who we are there. Without a `token`, Linear is not used.

    `token` is an API key (`lin_api_…`) or an OAuth access token, of an account of its own: nothing that this account
    does asks for anything. An issue with `label` asks for an integration; with `project`, by name or id, only one in
    that project. `done_state` is where an issue is brought once what it asked for serves.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_LINEAR_", frozen=True, extra="ignore")

    base_url: str = "https://api.linear.app/graphql"
    token: SecretStr | None = Field(default=None, min_length=1)
    label: str = Field(default="integration", min_length=1)
    project: str | None = Field(default=None, min_length=1)
    done_state: str = Field(default="Done", min_length=1)
