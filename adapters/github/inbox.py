"""What a delivery of GitHub asks for, in our words.

Nothing that we posted leads to anything, whoever's account posted it: our mark says so. Nor does what a bot did; but
what a check found of a commit, and that a branch moved, is so whoever did it.
"""

from adapters.github import check_events, commands, events, pushes, webhooks, who
from adapters.github.comments import Comments
from adapters.github.pulls import Pulls, stop
from adapters.github.settings import GitHubSettings
from adapters.trackers.requests import serving
from domain import asking, ids
from domain.asking import Asked
from domain.conversation import Budget
from domain.errors import InvalidInput
from domain.failing import FailedCheck
from domain.ids import DEFAULT_ORGANIZATION
from domain.installations import InstallationChange, InstallationState
from domain.intents import (
    CheckIntent,
    CreateIntent,
    InstallationIntent,
    Intent,
    NoIntent,
    Origin,
    RefuseIntent,
    UpdateIntent,
)
from domain.lifecycle import Operation
from domain.operations import UpdateIntegration, UpdateReason
from domain.people import Actor
from domain.ports import Integrations, People
from domain.registry import Integration
from domain.review import ReviewPolicy
from domain.runs import CreateIntegration, Delivery, DocumentSource, IntegrationRequest
from domain.vendors import IssueRef

_INSTALLED: dict[str, InstallationState] = {
    "created": "active",
    "unsuspend": "active",
    "suspend": "suspended",
    "deleted": "removed",
}
_NO_DOCUMENT = (
    "I cannot begin: the issue does not say where the API's document is. Add a line such as "
    "`API document: https://api.example.com/openapi.json` (OpenAPI 3.x, JSON or YAML) and open a new issue."
)


class GitHubInbox:
    """Implements `domain.ports.Inbox`. An issue with the configured label asks for an integration."""

    def __init__(
        self,
        settings: GitHubSettings,
        integrations: Integrations,
        people: People,
        *,
        policy: ReviewPolicy,
        budget: Budget,
    ) -> None:
        self._label = settings.label
        self._app_id = settings.app_id
        self._integrations = integrations
        self._people = people
        self._policy = policy
        self._budget = budget
        self._pulls = Pulls(integrations, people)
        self._comments = Comments(integrations, people, mention=settings.mention, policy=policy, budget=budget)

    async def interpret(self, delivery: Delivery, body: bytes) -> Intent:
        try:
            event = webhooks.parse(delivery.event, body)
        except InvalidInput as error:
            return NoIntent(why=error.message)
        match event:
            case None:
                return NoIntent(why=f"nothing follows from this {delivery.event}")
            case events.InstallationEvent() | events.InstallationRepositoriesEvent():
                return InstallationIntent(change=_change(event, delivery))
            case check_events.Checked():
                return self._check(event, delivery)
            case events.PullRequestEvent(action="synchronize"):
                return await self._pulls.synchronized(event, delivery)
        if event.sender.bot:
            return NoIntent(why="done by a bot")
        match event:
            case events.IssueEvent():
                return await self._issue(event, delivery)
            case events.CommentEvent() | events.ReviewCommentEvent():
                return await self._comments.asked(event, delivery)
            case events.ReviewEvent():
                return await self._pulls.reviewed(event, delivery)
            case events.PullRequestEvent():
                return await self._pulls.changed(event, delivery)
            case events.PushEvent():
                return await pushes.pushed(event, delivery, await self._actor(event.sender), self._integrations)
        return NoIntent(why=f"nothing follows from this {delivery.event}")

    async def _issue(self, event: events.IssueEvent, delivery: Delivery) -> Intent:
        issue = event.issue
        where = IssueRef(repo=event.repository.full_name, number=issue.number, url=issue.html_url)
        if issue.pull_request is not None:
            return NoIntent(why="a pull request, not an issue")
        if commands.ours(issue.body):
            return NoIntent(why="our own words")
        if event.action == "closed":
            found = await self._integrations.by_issue(where)
            if found is not None and found.operation is not Operation.CREATE:
                return NoIntent(why="what the issue asked for is done; what is under way is another matter")
            return stop(found, await self._actor(event.sender), "the issue was closed")
        wanted = event.label.name if event.label is not None else None
        asks = wanted == self._label or (
            event.action == "opened" and any(label.name == self._label for label in issue.labels)
        )
        if not asks or issue.state != "open":
            return NoIntent(why=f"not labelled {self._label}, or closed")
        asked = asking.read(issue.body or "")
        meant = None if asked.name is None else await serving(self._integrations, asked.name)
        if meant is not None and meant.id != _integration_of(issue, where):
            return await self._update(event, where, meant, asked, key=f"github/{delivery.id}")
        return await self._create(event, where, asked)

    async def _update(
        self, event: events.IssueEvent, where: IssueRef, meant: Integration, asked: Asked, *, key: str
    ) -> Intent:
        """An issue that names an integration which serves asks for its next version."""
        issue = event.issue
        if event.action == "opened":
            # GitHub delivers `opened` and `labeled` at once for an issue opened with its label: the second answers.
            return NoIntent(why="an update is begun by the delivery of its label")
        origin = Origin(issue=where)
        if meant.repository.lower() != where.repo.lower() or meant.organization_id != DEFAULT_ORGANIZATION:
            return RefuseIntent(
                origin=origin, reason=f"I cannot update {meant.name} from here: its code is in another repository."
            )
        update = UpdateIntegration(
            integration_id=meant.id,
            organization_id=meant.organization_id,
            requester=await self._actor(issue.user or event.sender),
            repository=meant.repository,
            issue=where,
            policy=self._policy,
            budget=self._budget,
            request_key=key,
            reason=UpdateReason(title=issue.title[:300], words=(issue.body or "")[:100_000]),
            document=None if asked.document is None else DocumentSource(url=asked.document),
        )
        return UpdateIntent(update=update, origin=origin)

    async def _create(self, event: events.IssueEvent, where: IssueRef, asked: Asked) -> Intent:
        issue = event.issue
        if asked.document is None and event.action == "opened":
            # GitHub delivers `opened` and `labeled` at once for an issue opened with its label: the second answers.
            return NoIntent(why="what is missing is told by the delivery of its label")
        if asked.document is None:
            return RefuseIntent(origin=Origin(issue=where), reason=_NO_DOCUMENT)
        create = CreateIntegration(
            integration_id=_integration_of(issue, where),
            organization_id=DEFAULT_ORGANIZATION,
            request=IntegrationRequest(
                title=issue.title[:300],
                description=(issue.body or "")[:100_000],
                document=DocumentSource(url=asked.document),
                name=asked.name,
                base_url=asked.base_url,
            ),
            requester=await self._actor(issue.user or event.sender),
            repository=where.repo,
            issue=where,
            policy=self._policy,
            budget=self._budget,
        )
        return CreateIntent(create=create)

    def _check(self, event: check_events.Checked, delivery: Delivery) -> Intent:
        failing = event.failing
        if failing is None or (event.app_id is not None and event.app_id == self._app_id):
            return NoIntent(why="nothing that others found wanting")
        check = FailedCheck(
            repo=event.repository.full_name,
            sha=failing.sha,
            name=failing.name[:300] or "a check",
            words=failing.words[:8_000],
            url=failing.url[:2_000],
            at=delivery.received_at,
        )
        return CheckIntent(check=check)

    async def _actor(self, user: events.User) -> Actor:
        return await who.actor(self._people, user)


def _change(
    event: events.InstallationEvent | events.InstallationRepositoriesEvent, delivery: Delivery
) -> InstallationChange:
    """One that is deleted names its repositories once more: for them there is something to say later."""
    named = event.repositories if isinstance(event, events.InstallationEvent) else event.repositories_added
    removed = event.repositories_removed if isinstance(event, events.InstallationRepositoriesEvent) else []
    return InstallationChange(
        installation_id=event.installation.id,
        account=event.installation.account.login if event.installation.account else "",
        state=_INSTALLED.get(event.action),
        added=[one.full_name for one in named],
        removed=[one.full_name for one in removed],
        at=delivery.received_at,
    )


def _integration_of(issue: events.Issue, where: IssueRef) -> str:
    """The same issue is the same integration, whichever of its deliveries comes first."""
    return ids.derived("int", f"github:{where.repo}#{where.number}", issue.created_at)
