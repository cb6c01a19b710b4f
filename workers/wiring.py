"""Building what the activities are given, once, from the environment."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import Client

from activities.builds import BuildActivities
from activities.chat import ChatActivities
from activities.conversations import ConversationActivities
from activities.deliveries import DeliveryActivities, RunActivities
from activities.deployments import DeploymentActivities
from activities.documents import DocumentActivities
from activities.integrations import IntegrationActivities
from activities.prompts import PromptActivities
from activities.repository import RepositoryActivities
from activities.tools import ToolActivities
from adapters.artifacts import ArtifactSettings, open_artifacts
from adapters.bus import open_bus
from adapters.claude import AnthropicClaude, ClaudeSettings
from adapters.database import (
    Database,
    DatabaseSettings,
    SecretsSettings,
    SqlBooks,
    SqlDeliveries,
    SqlIntegrations,
    SqlOutbox,
    SqlPeople,
    SqlSecrets,
)
from adapters.github import GitHubCodeHost, GitHubInbox, GitHubSettings
from adapters.openapi import OpenApiDocuments, OpenApiSettings
from adapters.policy import BudgetSettings, ReviewSettings
from adapters.process_target import ProcessTarget, ProcessTargetSettings
from adapters.sandbox import Environments, SandboxChecks, SandboxSettings
from adapters.slack import SlackChat, SlackInbox, SlackSettings
from adapters.temporal import TemporalRuns, TemporalSettings
from domain.ports import Bus, Inbox, Outbox
from domain.runs import BUILD_QUEUE, CLAUDE_QUEUE, DEPLOY_QUEUE, LIFECYCLE_QUEUE
from workers.settings import WorkerSettings


@dataclass(frozen=True)
class ProcessSettings:
    """The settings of everything that workers stand on, from the environment."""

    worker: WorkerSettings = field(default_factory=WorkerSettings)
    temporal: TemporalSettings = field(default_factory=TemporalSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    secrets: SecretsSettings = field(default_factory=SecretsSettings)
    artifacts: ArtifactSettings = field(default_factory=ArtifactSettings)
    documents: OpenApiSettings = field(default_factory=OpenApiSettings)
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)
    target: ProcessTargetSettings = field(default_factory=ProcessTargetSettings)
    claude: ClaudeSettings = field(default_factory=ClaudeSettings)
    github: GitHubSettings = field(default_factory=GitHubSettings)
    slack: SlackSettings = field(default_factory=SlackSettings)
    review: ReviewSettings = field(default_factory=ReviewSettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)


@dataclass(frozen=True)
class Parts:
    """`activities` by task queue; local activities and their workflows are on the lifecycle queue."""

    activities: dict[str, Sequence[Callable[..., Any]]]
    outbox: Outbox
    bus: Bus
    database: Database

    async def close(self) -> None:
        await self.bus.close()
        await self.database.close()


async def build(settings: ProcessSettings, client: Client) -> Parts:
    """Raises StorageUnavailable if the database does not answer."""
    database = await Database.open(settings.database)
    artifacts = open_artifacts(settings.artifacts)
    documents = OpenApiDocuments(settings.documents)
    integrations, people, deliveries = SqlIntegrations(database), SqlPeople(database), SqlDeliveries(database)
    checks = SandboxChecks(artifacts, Environments(settings.worker.environments), settings.sandbox)
    claude = AnthropicClaude(settings.claude)
    policy, budget = settings.review.policy(), settings.budget.budget()
    inboxes: dict[str, Inbox] = {
        "github": GitHubInbox(settings.github, integrations, people, policy=policy, budget=budget),
        "slack": SlackInbox(people),
    }
    conversations = ConversationActivities(claude, SqlBooks(database), artifacts)
    tools, builds = ToolActivities(documents, checks, artifacts), BuildActivities(checks, artifacts)
    lifecycle = (
        IntegrationActivities(integrations),
        DocumentActivities(documents, artifacts),
        PromptActivities(documents, artifacts, model=settings.claude.model, max_tokens=settings.claude.max_tokens),
        RepositoryActivities(GitHubCodeHost(settings.github), artifacts),
        ChatActivities(SlackChat(settings.slack), channel=settings.slack.channel),
        DeliveryActivities(inboxes, deliveries, artifacts),
        RunActivities(TemporalRuns(client)),
    )
    deployments = DeploymentActivities(
        ProcessTarget(settings.target), artifacts, SqlSecrets(database, settings.secrets)
    )
    return Parts(
        activities={
            # build.seal is a local step of the lifecycle's workflows; the rest of builds belongs to the build queue
            LIFECYCLE_QUEUE: [*_steps(*lifecycle), builds.seal],
            CLAUDE_QUEUE: _steps(conversations),
            BUILD_QUEUE: _steps(tools, builds),
            DEPLOY_QUEUE: _steps(deployments),
        },
        outbox=SqlOutbox(database),
        bus=open_bus(settings.worker.redis_url),
        database=database,
    )


def _steps(*owners: object) -> list[Callable[..., Any]]:
    """The activities of these objects: their methods that are marked as such."""
    return [
        method
        for owner in owners
        for _, method in inspect.getmembers(owner, inspect.ismethod)
        if hasattr(method, "__temporal_activity_definition")
    ]
