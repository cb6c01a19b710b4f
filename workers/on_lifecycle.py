"""The queue `lifecycle`: the workflows' own steps, the code host and the chat. It holds their credentials."""

from activities.chat import ChatActivities
from activities.context import Context
from activities.deliveries import DeliveryActivities, RunActivities
from activities.documents import DocumentActivities
from activities.integrations import IntegrationActivities
from activities.prompts import PromptActivities
from activities.repository import RepositoryActivities
from activities.workspaces import WorkspaceActivities
from adapters.attestation.envelopes import DsseSigner
from adapters.attestation.settings import SigningSettings
from adapters.claude.settings import ModelSettings
from adapters.database import SqlDeliveries, SqlIntegrations, SqlPeople
from adapters.github.code_host import GitHubCodeHost
from adapters.github.inbox import GitHubInbox
from adapters.github.settings import GitHubSettings
from adapters.openapi import OpenApiDocuments, OpenApiSettings
from adapters.policy import BudgetSettings, ProvingSettings, ReviewSettings
from adapters.slack.client import SlackChat
from adapters.slack.inbox import SlackInbox
from adapters.slack.settings import SlackSettings
from adapters.temporal import TemporalRuns
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
    return steps(
        IntegrationActivities(integrations),
        DocumentActivities(documents, artifacts),
        PromptActivities(context, artifacts, model=model.model, max_tokens=model.max_tokens),
        WorkspaceActivities(artifacts, signer, ProvingSettings().load()),
        RepositoryActivities(GitHubCodeHost(github), artifacts),
        ChatActivities(SlackChat(slack), channel=slack.channel),
        DeliveryActivities(inboxes, SqlDeliveries(shared.database), artifacts),
        RunActivities(TemporalRuns(shared.client)),
    )
