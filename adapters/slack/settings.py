"""Settings of the Slack adapter: `CCB_SLACK_…`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SlackSettings(BaseSettings):
    """`channel` is where reviews are asked for: an id, or a name that the bot can see.

    `teams` are the ids of the workspaces that are served, separated by commas; without, it is the one that the token
    belongs to. With `match_email`, somebody whose id is not known here is matched by the address that Slack confirmed.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_SLACK_", frozen=True, extra="ignore")

    base_url: str = "https://slack.com/api/"
    token: SecretStr = Field(min_length=1)
    channel: str = Field(min_length=1)
    teams: str = Field(default="", pattern=r"^[A-Z0-9, ]*$")
    match_email: bool = False

    @property
    def team_ids(self) -> frozenset[str]:
        """Empty: not said."""
        return listed(self.teams)


def listed(teams: str) -> frozenset[str]:
    return frozenset(one.strip() for one in teams.split(",") if one.strip())
