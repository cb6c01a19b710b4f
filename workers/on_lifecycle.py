"""The queue `lifecycle`: the workflows' own steps, the code host and the chat. It holds their credentials."""

from activities.approved import ApprovedActivities
from activities.chat import ChatActivities
from activities.checkpoints import CheckpointActivities
from activities.checks import CheckActivities
from activities.context import Context
from activities.deliveries import DeliveryActivities, InstallationActivities, RetryActivities, RunActivities
from activities.dependencies import DependencyActivities
from activities.documents import DocumentActivities
from activities.drift import DriftActivities
from activities.health import IncidentActivities
from activities.integrations import IntegrationActivities
from activities.prompts import PromptActivities
from activities.repository import RepositoryActivities
from activities.testing import CommitActivities, TestRunActivities, TestStartActivities
from activities.tickets import TicketActivities
from activities.workspaces import WorkspaceActivities
from adapters.attestation.envelopes import DsseSigner
from adapters.attestation.settings import SigningSettings
from adapters.claude.settings import ModelSettings
from adapters.database import (
    SqlCheckpoints,
    SqlDeliveries,
    SqlDeprecations,
    SqlDrift,
    SqlHealth,
    SqlInstallations,
    SqlIntegrations,
    SqlPeople,
    SqlTestRuns,
)
from adapters.github.code_host import GitHubCodeHost
from adapters.github.inbox import GitHubInbox
from adapters.github.settings import GitHubSettings
from adapters.openapi import OpenApiComparing, OpenApiDocuments, OpenApiSettings
from adapters.policy import BudgetSettings, ProvingSettings, ReviewSettings
from adapters.slack.client import SlackChat
from adapters.slack.desk import Desk
from adapters.slack.directory import SlackDirectory
from adapters.slack.inbox import SlackInbox
from adapters.slack.settings import SlackSettings
from adapters.temporal import TemporalRuns, TemporalTests
from adapters.trackers.requests import Requests
from adapters.watching import DriftSettings, HealthSettings
from domain.ports import Inbox
from workers import trackers
from workers.shared import Shared, Step, steps


def activities(shared: Shared) -> list[Step]:
    artifacts, documents = shared.artifacts, OpenApiDocuments(OpenApiSettings())
    integrations, people = SqlIntegrations(shared.database), SqlPeople(shared.database)
    github, slack, model = GitHubSettings(), SlackSettings(), ModelSettings()
    signer = DsseSigner(SigningSettings().key.get_secret_value())
    context = Context(documents, artifacts, integrations, tokens=model.context_tokens)
    policy, budget = ReviewSettings().policy(), BudgetSettings().budget()
    tracking = trackers.configured(
        Requests(integrations, people, repository=github.repository, policy=policy, budget=budget)
    )
    inboxes: dict[str, Inbox] = {
        "github": GitHubInbox(github, integrations, people, policy=policy, budget=budget),
        **tracking.inboxes,
        "slack": SlackInbox(
            Desk(people, integrations),
            SlackDirectory(slack),
            policy=policy,
            budget=budget,
            repository=github.repository,
        ),
    }
    runs, installations = TemporalRuns(shared.client), SqlInstallations(shared.database)
    host, test_runs = GitHubCodeHost(github, installations), SqlTestRuns(shared.database)
    return steps(
        CheckpointActivities(SqlCheckpoints(shared.database)),
        IntegrationActivities(integrations),
        DependencyActivities(integrations, integrations, SqlDeprecations(shared.database)),
        ApprovedActivities(integrations, artifacts),
        DocumentActivities(documents, artifacts),
        PromptActivities(context, artifacts, model=model.model, max_tokens=model.max_tokens),
        WorkspaceActivities(artifacts, signer, ProvingSettings().load()),
        RepositoryActivities(host, artifacts),
        CommitActivities(host, artifacts),
        TestRunActivities(test_runs, integrations, artifacts),
        TestStartActivities(test_runs, TemporalTests(shared.client)),
        TicketActivities(tracking.told),
        ChatActivities(SlackChat(slack), channel=slack.channel),
        DeliveryActivities(inboxes, SqlDeliveries(shared.database), artifacts),
        RunActivities(runs),
        RetryActivities(runs, SqlCheckpoints(shared.database), integrations),
        InstallationActivities(installations),
        CheckActivities(host, integrations, artifacts, review=policy, budget=budget),
        IncidentActivities(SqlHealth(shared.database), integrations, runs, policy=HealthSettings().policy()),
        DriftActivities(
            SqlDrift(shared.database),
            integrations,
            documents,
            OpenApiComparing(),
            artifacts,
            runs,
            policy=DriftSettings().policy(),
            review=policy,
            budget=budget,
        ),
    )
