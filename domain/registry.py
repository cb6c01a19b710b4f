"""The read side: what lists and dashboards show, and the registry's entries."""

from pydantic import AwareDatetime, Field

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.ids import ContentHash, DeploymentId, IntegrationId
from domain.lifecycle import Operation, Stage
from domain.manifest import HealthCheck
from domain.people import Actor
from domain.plan import Capability, Dependency, Host, Name
from domain.runs import DocumentSource
from domain.vendors import IssueRef, PullRequest, RepoName, TicketRef


class Integration(Data):
    """An integration as the database has it. `revision` grows by one with each change (for ETags).

    `operation` is what its newest run does or did, `under_way` whether it still does, and `failure` why it failed.
    `owner` is who answers for it, as `domain.listing.owner_key` writes them, and `owner_name` what they are called.
    """

    id: IntegrationId
    organization_id: str
    name: Name | None
    title: str
    stage: Stage
    workflow_id: str
    run_id: str
    operation: Operation = Operation.CREATE
    under_way: bool = False
    requester: Actor
    repository: RepoName
    issue: IssueRef | None = None
    ticket: TicketRef | None = None
    version: str | None = None
    url: str | None = None
    failure: str | None = None
    description: str = ""
    labels: list[str] = []
    owner: str = ""
    owner_name: str = ""
    created_at: AwareDatetime
    updated_at: AwareDatetime
    revision: int


class Annotation(Data):
    """What somebody noted about a version, for those who choose between versions."""

    text: str = Field(min_length=1, max_length=2000)
    by: Actor
    at: AwareDatetime


class Version(Data):
    """A version: source bundle by content hash, reports, signed verdict, pull request.

    `document` is the API's document that it was built for, `source` where that came from.
    """

    integration_id: IntegrationId
    version: str
    content_hash: ContentHash
    files: ArtifactRef
    plan: ArtifactRef
    checks: ArtifactRef | None = None
    tests: ArtifactRef | None = None
    sbom: ArtifactRef | None = None
    lock: ArtifactRef | None = None
    measured: ArtifactRef | None = None
    verdict: ArtifactRef | None = None
    tests_passed: int = 0
    tests_failed: int = 0
    pull_request: PullRequest | None = None
    bundle: str | None = None
    document: ArtifactRef | None = None
    source: DocumentSource | None = None
    base_url: str = ""
    annotation: Annotation | None = None
    created_at: AwareDatetime | None = None


class RegistryEntry(Data):
    """What others find in the catalogue."""

    integration_id: IntegrationId
    name: Name
    version: str
    description: str
    author: str
    dependencies: list[Dependency]
    capabilities: list[Capability]
    hosts: list[Host]
    health: HealthCheck
    url: str
    deployment_id: DeploymentId
    content_hash: ContentHash
    registered_at: AwareDatetime | None = None


class IntegrationDetail(Integration):
    """An integration with its versions, newest last, and its entry in the registry."""

    versions: list[Version]
    registry: RegistryEntry | None


class Page(Data):
    """A page of integrations; `next_cursor` is opaque and None at the end."""

    items: list[Integration]
    next_cursor: str | None = None
