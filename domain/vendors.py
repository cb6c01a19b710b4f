"""References to what lives in outside systems: repositories, issues, pull requests, messages, deployments."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.ids import ContentHash, DeploymentId
from domain.plan import ConfigurationKey, Host, Name, SecretKey

RepoName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
CommitSha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
CommitState = Literal["pending", "success", "failure", "error"]


class IssueRef(Data):
    """An issue that asks for something."""

    source: Literal["github", "linear", "jira"] = "github"
    repo: RepoName
    number: int
    url: str = ""


class TicketRef(Data):
    """An issue in a tracker beside the code host. `id` is the tracker's own, `key` is what people call it."""

    tracker: Literal["linear", "jira"]
    id: str = Field(min_length=1, max_length=100)
    key: str = Field(min_length=1, max_length=100, examples=["ENG-12"])
    url: str = ""


class TicketLink(Data):
    """An address that is shown on a ticket."""

    url: str = Field(min_length=1, max_length=2000)
    title: str = Field(min_length=1, max_length=200)


class CommentRef(Data):
    id: int
    url: str


class Branch(Data):
    """A branch with our commit on it. `base_sha` is what it was made from."""

    repo: RepoName
    name: str
    base: str
    base_sha: CommitSha
    head_sha: CommitSha


class PullRequest(Data):
    repo: RepoName
    number: int
    url: str
    head_sha: CommitSha
    state: Literal["open", "closed", "merged"]


class Merge(Data):
    """A merge read back. `before_sha` is the base branch's commit before it, to which an undo returns the folder."""

    sha: CommitSha
    before_sha: CommitSha


class MessageRef(Data):
    """A chat message. `ts` is Slack's message id."""

    channel: str
    ts: str
    url: str = ""


class Button(Data):
    """A button of a chat message; `action` and `value` come back in the signed callback."""

    text: str
    action: str
    value: str
    style: Literal["primary", "danger"] | None = None


class ChatMessage(Data):
    """A message in our own words; the adapter makes the vendor's blocks. `text` is Markdown."""

    title: str
    text: str
    buttons: list[Button] = []
    question: str = Field(default="", description="Of earlier runs, and no longer shown: a form asks.")


class Reply(Data):
    """How whoever asked in the chat is answered so that only they see it.

    `url` is the vendor's own address for it, which takes a few answers for half an hour; else it is the `channel`, and
    in it the `thread`.
    """

    user: str = Field(max_length=100)
    channel: str = Field(default="", max_length=100)
    thread: str = Field(default="", max_length=100)
    url: str = Field(default="", max_length=500)


class FormField(Data):
    """A field to write in. Its `name` comes back with what was written, of at most `longest` characters."""

    name: str = Field(min_length=1, max_length=100)
    label: str = Field(min_length=1, max_length=100)
    hint: str = Field(default="", max_length=300)
    initial: str = ""
    longest: int = Field(default=3000, ge=1, le=3000)
    optional: bool = False
    multiline: bool = False


class Form(Data):
    """A form that opens before whoever clicked or typed. `kind` and `state` come back with what was filled in."""

    kind: str = Field(min_length=1, max_length=100)
    title: str = Field(min_length=1, max_length=24)
    text: str = ""
    submit: str = Field(min_length=1, max_length=24)
    fields: list[FormField] = Field(min_length=1)
    state: str = Field(default="", max_length=3000)


class DeploymentSpec(Data):
    """What the target needs to run one version. `bundle` is as in domain.bundle."""

    id: DeploymentId
    name: Name
    version: str
    content_hash: ContentHash
    bundle: ArtifactRef
    entrypoint: str
    requirements: list[str]
    hosts: list[Host]
    configuration: list[ConfigurationKey] = []
    secrets: list[SecretKey] = []
    health_endpoint: str = "/health"


DeploymentState = Literal["absent", "starting", "running", "backing_off", "stopped", "failed"]


class DeploymentStatus(Data):
    """What the target says of a deployment. `url` is the stable URL if it is switched to this one, else its own."""

    id: DeploymentId
    name: Name
    version: str
    state: DeploymentState
    healthy: bool
    live: bool = Field(description="The stable URL points here.")
    url: str
    restarts: int = 0
    since: AwareDatetime | None = None
    detail: str = ""


class Traffic(Data):
    """What a deployment's requests were like, over the last `seconds` at most. Latencies are in milliseconds.

    `errors` are answers of 500 and above, and requests that got none. Without requests there are no percentiles.
    """

    seconds: float = Field(ge=0)
    requests: int = Field(ge=0)
    errors: int = Field(ge=0)
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    last_request_at: AwareDatetime | None = None


class Notice(Data):
    """That an integration will end, as its stable URL says it with every answer.

    `deprecated_at` is the `Deprecation` header (RFC 9745), `sunset_at` the `Sunset` header (RFC 8594), `link` a page
    about it (`Link`, relation `deprecation`).
    """

    deprecated_at: AwareDatetime
    sunset_at: AwareDatetime | None = None
    link: str = ""


class LogLine(Data):
    at: AwareDatetime
    stream: Literal["stdout", "stderr", "runner"]
    text: str
