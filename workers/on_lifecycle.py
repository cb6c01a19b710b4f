"""The queue `lifecycle`: the workflows' own steps, the code host and the chat. It holds their credentials."""

from activities.approved import ApprovedActivities
from activities.chat import ChatActivities
from activities.checkpoints import CheckpointActivities
from activities.context import Context
from activities.deliveries import DeliveryActivities, RunActivities
from activities.dependencies import DependencyActivities
from activities.documents import DocumentActivities
from activities.drift import DriftActivities
from activities.health import IncidentActivities
from activities.integrations import IntegrationActivities
from activities.prompts import PromptActivities
from activities.repository import RepositoryActivities
from activities.testing import CommitActivities, TestRunActivities, TestStartActivities
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
from adapters.slack.inbox import SlackInbox
from adapters.slack.settings import SlackSettings
from adapters.temporal import TemporalRuns, TemporalTests
from adapters.watching import DriftSettings, HealthSettings
from domain.ports import Inbox
from workers.shared import Shared, Step, steps


def activities(shared: Shared) -> list[Step]:
    artifacts, documents = shared.artifacts, OpenApiDocuments(OpenApiSettings())
    integrations, people = SqlIntegrations(shared.database), SqlPeople(shared.database)
    github, slack, model = GitHubSettings(), SlackSettings(), ModelSettings()
    signer = DsseSigner(SigningSettings().key.get_secret_value())
    context = Context(documents, artifacts, integrations, tokens=model.context_tokens)
    policy, budget = ReviewSettings().policy(), BudgetSettings().budget()
    inboxes: dict[str, Inbox] = {
        "github": GitHubInbox(github, integrations, people, policy=policy, budget=budget),
        "slack": SlackInbox(people),
    }
    runs = TemporalRuns(shared.client)
    host, test_runs = GitHubCodeHost(github), SqlTestRuns(shared.database)
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
        ChatActivities(SlackChat(slack), channel=slack.channel),
        DeliveryActivities(inboxes, SqlDeliveries(shared.database), artifacts),
        RunActivities(runs),
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
