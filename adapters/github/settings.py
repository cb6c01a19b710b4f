"""Settings of the GitHub adapter: `CCB_GITHUB_…`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.vendors import RepoName


class GitHubSettings(BaseSettings):
    """Where GitHub is and who we are there: a token, or an App (`app_id`, `private_key` in PEM, `installation_id`).

    `repository` is where integrations are written; an issue with `label` asks for one. `mention` is the name after the
    @ that speaks to the bot in a comment, beside `/ccb`.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_GITHUB_", frozen=True, extra="ignore")

    base_url: str = "https://api.github.com"
    token: SecretStr | None = None
    app_id: int | None = None
    private_key: SecretStr | None = None
    installation_id: int | None = None
    repository: RepoName | None = None
    label: str = Field(default="integration", min_length=1)
    mention: str = Field(default="ccb", pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$")
