"""Settings of the Jira adapter: `CCB_JIRA_…`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class JiraSettings(BaseSettings):
    """Where Jira Cloud is and who we are there. Without a `token`, Jira is not used.

    `base_url` is the site, such as `https://acme.atlassian.net`; `email` and `token` are of an account of its own:
    nothing that this account does asks for anything. An issue asks for an integration with `label`, or when it is moved
    to `status`. `done_status` is where an issue is brought once what it asked for serves.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_JIRA_", frozen=True, extra="ignore")

    base_url: str | None = Field(default=None, pattern=r"^https?://")
    email: str | None = Field(default=None, min_length=3)
    token: SecretStr | None = Field(default=None, min_length=1)
    label: str = Field(default="integration", min_length=1)
    status: str | None = Field(default=None, min_length=1)
    done_status: str = Field(default="Done", min_length=1)
