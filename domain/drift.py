"""The drift watch: whether the API that an integration uses is still the one that it was built for."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.ids import ContentHash, IntegrationId
from domain.plan import Name
from domain.vendors import ChatMessage

WATCH_WORKFLOW = "WatchDrift"

MOST_SHOWN = 200
"""Differences that are kept and shown, at most."""

DifferenceKind = Literal[
    "operation_gone",
    "operation_moved",
    "parameter_required",
    "parameter_changed",
    "body_changed",
    "response_changed",
    "authentication_changed",
    "server_changed",
    "note",
]


class Difference(Data):
    """One difference of two documents. `where` is an operation, such as `GET /cities`; empty for the whole document.

    `breaking`: what was built for the old one may not work with the new one. `what` quotes the document: untrusted.
    """

    kind: DifferenceKind
    breaking: bool
    where: str = Field(default="", max_length=300)
    what: str = Field(max_length=500)


class DriftPolicy(Data):
    """`tell_after`: how long a document may be unreachable before a person is told; `kept`: for how long what was found
    is, of integrations that serve no more.
    """

    tell_after: timedelta = timedelta(days=3)
    kept: timedelta = timedelta(days=90)


class Drift(Data):
    """What the newest look found. `document_hash` is None as long as the document could never be read.

    `acted_on` is the document for which an update was opened, by the run `update_run`.
    """

    integration_id: IntegrationId
    version: str
    checked_at: AwareDatetime
    document_hash: ContentHash | None = None
    differences: list[Difference] = []
    acted_on: ContentHash | None = None
    update_run: str | None = None
    unreachable_since: AwareDatetime | None = None
    told_at: AwareDatetime | None = None
    error: str = ""

    @property
    def breaking(self) -> bool:
        return any(one.breaking for one in self.differences)

    @property
    def to_act_on(self) -> bool:
        return self.breaking and self.document_hash != self.acted_on

    def to_be_told(self, policy: DriftPolicy) -> bool:
        """Whether nobody was told yet of a document that is unreachable for too long."""
        since = self.unreachable_since
        return since is not None and self.told_at is None and self.checked_at - since >= policy.tell_after


class DriftWatched(Data):
    """A version that serves, and the document it was built for."""

    integration_id: IntegrationId
    name: Name
    version: str
    url: str
    document: ArtifactRef
    plan: ArtifactRef


class DriftPage(Data):
    """A page of what is watched; `next_cursor` is None at the end."""

    items: list[DriftWatched]
    next_cursor: str | None = None


class DriftFound(Data):
    """What one look found: a document and its differences, or why there was none."""

    integration_id: IntegrationId
    version: str
    at: AwareDatetime
    document_hash: ContentHash | None = None
    differences: list[Difference] = []
    error: str = ""


class DriftWatchDone(Data):
    """Result of the WatchDrift workflow."""

    checked: int = 0
    unreachable: int = 0
    opened: int = 0
    later: int = 0


class WatchDrift(Data):
    """Input of the WatchDrift workflow."""

    batch: int = Field(default=20, ge=1, le=200)
    cursor: str | None = None
    so_far: DriftWatchDone = DriftWatchDone()


class CheckDrift(Data):
    batch: int
    cursor: str | None


class DriftChecked(Data):
    """A page that was looked at: counts, the integrations an update is to be opened for, those to tell people of."""

    checked: int = 0
    unreachable: int = 0
    breaking: list[IntegrationId] = []
    tell: list[IntegrationId] = []
    next_cursor: str | None = None


class DriftOf(Data):
    integration_id: IntegrationId


class DriftNotice(Data):
    """What people are told of an unreachable document, once under this key."""

    key: str
    message: ChatMessage


class Opened(Data):
    """Whether an update was opened; `run_id` is its run. `later`: a run is under way."""

    run_id: str | None = None
    later: bool = False


def evidence(name: str, version: str, url: str, differences: Sequence[Difference]) -> str:
    """The differences in Markdown, for those who are to adapt the integration."""
    lines = [f"# What changed in the API that {name} {version} was built for", "", f"Document: {url}", ""]
    for title, breaking in (("Breaking", True), ("Other", False)):
        found = [one for one in differences if one.breaking is breaking]
        if found:
            lines += [f"## {title}", ""]
            lines += [f"- {f'`{one.where}`: ' if one.where else ''}{one.what}" for one in found] + [""]
    return "\n".join(lines)
