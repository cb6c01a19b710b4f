"""What the simulated GitHub keeps, as plain records. Times are ISO 8601 in UTC, as GitHub writes them."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Config(BaseModel):
    """The `github` object of the simulators' configuration.

    `token` belongs to the bot. `users` maps further tokens to logins. With `app_id` and `public_key` (PEM) the App's
    endpoints accept its RS256 tokens. `rate_limit` is in requests an hour.
    """

    model_config = ConfigDict(extra="forbid")

    token: str | None = None
    users: dict[str, str] = {}
    bot: str = "ccb-bot[bot]"
    webhook_secret: str = ""
    webhook_url: str | None = None
    webhooks_for_bot: bool = True
    repository: str = "acme/integrations"
    repositories: list[str] = []
    app_id: int | None = None
    public_key: str | None = None
    installation_id: int = 1
    rate_limit: int = 15_000


class Record(BaseModel):
    """A record, stored as JSON under (class, repo, key). `parent` groups records, such as the comments of an issue."""

    id: int

    @property
    def key(self) -> str:
        return str(self.id)

    @property
    def parent(self) -> str:
        return ""


class User(Record):
    login: str
    type: Literal["User", "Bot", "Organization"] = "User"
    created_at: str

    @property
    def key(self) -> str:
        return self.login.lower()


class Repo(Record):
    full_name: str
    description: str | None = None
    private: bool = False
    default_branch: str = "main"
    next_number: int = 1
    created_at: str
    updated_at: str
    pushed_at: str

    @property
    def key(self) -> str:
        return self.full_name.lower()

    @property
    def owner(self) -> str:
        return self.full_name.split("/")[0]

    @property
    def name(self) -> str:
        return self.full_name.split("/")[1]


class Label(Record):
    name: str
    color: str = "ededed"
    description: str | None = None

    @property
    def key(self) -> str:
        return self.name.lower()


class Pull(BaseModel):
    """What a pull request has beyond its issue. `head_sha` and `base_sha` follow the branches while it is open."""

    head_ref: str
    base_ref: str
    head_sha: str
    base_sha: str
    draft: bool = False
    merged_at: str | None = None
    merged_by: str | None = None
    merge_commit_sha: str | None = None


class Issue(Record):
    """An issue, or a pull request if `pull` is set: they share their numbers."""

    number: int
    title: str
    body: str | None = None
    user: str
    labels: list[str] = []
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    created_at: str
    updated_at: str
    closed_at: str | None = None
    closed_by: str | None = None
    pull: Pull | None = None

    @property
    def key(self) -> str:
        return str(self.number)

    @property
    def parent(self) -> str:
        return "pull" if self.pull else "issue"


class Comment(Record):
    number: int
    user: str
    body: str
    created_at: str
    updated_at: str

    @property
    def parent(self) -> str:
        return str(self.number)


class Review(Record):
    number: int
    user: str
    body: str
    state: Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]
    commit_id: str
    submitted_at: str

    @property
    def parent(self) -> str:
        return str(self.number)


class Status(Record):
    sha: str
    state: Literal["error", "failure", "pending", "success"]
    context: str = "default"
    description: str | None = None
    target_url: str | None = None
    creator: str
    created_at: str

    @property
    def parent(self) -> str:
        return self.sha


class Delivery(Record):
    """A webhook delivery, kept so that it can be sent again byte for byte. `status` 0 means that nobody answered."""

    guid: str
    event: str
    action: str | None
    payload: str
    status: int | None = None

    @property
    def key(self) -> str:
        return self.guid


class Token(Record):
    """An installation access token."""

    token: str
    expires_at: str

    @property
    def key(self) -> str:
        return self.token


Json = dict[str, Any]
