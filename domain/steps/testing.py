"""Steps of testing a version that is there already."""

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.testing import CaseCounts, Commit, ContractCase, TestRun
from domain.vendors import CommitSha, CommitState, RepoName


class Subject(Data):
    """What is tested. Without `workspace`, the files are read from the commit that was asked for.

    `url` is the stable URL, if this very version serves there; `repo` and `sha` are the commit that is told.
    """

    run: TestRun
    workspace: ArtifactRef | None = None
    plan: ArtifactRef | None = None
    document: ArtifactRef | None = None
    url: str = ""
    repo: RepoName | None = None
    sha: CommitSha | None = None


class ReadCommit(Data):
    commit: Commit


class CommitFiles(Data):
    workspace: ArtifactRef


class RunUnits(Data):
    workspace: ArtifactRef


class Units(Data):
    """`cases` is JSON, each test by name."""

    counts: CaseCounts
    cases: ArtifactRef
    report: ArtifactRef


class AskLive(Data):
    url: str
    plan: ArtifactRef


class AskedLive(Data):
    """`answers` is JSON; None where there was nothing to ask."""

    answers: ArtifactRef | None = None


class RunContracts(Data):
    """`document` is the API's, `live` what the deployed integration answered."""

    workspace: ArtifactRef
    document: ArtifactRef | None = None
    live: ArtifactRef | None = None


class RanContracts(Data):
    cases: list[ContractCase]


class FinishTest(Data):
    """`cases` is as in Units."""

    run: TestRun
    cases: ArtifactRef | None = None
    contracts: list[ContractCase] = []


class SetCommitStatus(Data):
    repo: RepoName
    sha: CommitSha
    state: CommitState
    description: str
    target_url: str = ""


class TestPage(Data):
    """Test what serves: `limit` integrations after the id `after`, `at_once` at a time."""

    __test__ = False

    night: str
    after: str
    limit: int
    at_once: int


class TestedPage(Data):
    """`after` is the last one's id; empty when there was none."""

    __test__ = False

    after: str
    tested: int
    failed: int
