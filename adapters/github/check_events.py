"""GitHub's events of checks: what others find of a commit. One that failed matters, whoever caused it."""

from abc import ABC, abstractmethod
from typing import Literal

from adapters.github.events import OfRepository, Seen
from domain.vendors import CommitSha

FAILED = frozenset({"failure", "timed_out", "startup_failure"})
"""Conclusions that find a commit wanting. One that was cancelled, or waits for somebody, says nothing of it."""

OUR_CONTEXTS = "ccb/"


class Failing(Seen):
    """Something outside found a commit wanting. `words` are its own: untrusted text."""

    sha: CommitSha
    name: str
    words: str = ""
    url: str = ""


class Output(Seen):
    title: str | None = None
    summary: str | None = None


class CheckApp(Seen):
    """Whose check it is."""

    id: int


class CheckRun(Seen):
    name: str
    head_sha: CommitSha
    conclusion: str | None = None
    html_url: str | None = None
    output: Output | None = None
    app: CheckApp | None = None


class CheckSuite(Seen):
    """Its runs are told of one by one, with what they found; one that never started has none."""

    head_sha: CommitSha
    conclusion: str | None = None
    latest_check_runs_count: int = 0
    app: CheckApp | None = None


class WorkflowRun(Seen):
    name: str | None = None
    head_sha: CommitSha
    conclusion: str | None = None
    html_url: str = ""


class Checked(OfRepository, ABC):
    """A check came to its end. Only one that failed matters."""

    @property
    @abstractmethod
    def failing(self) -> Failing | None:
        """What it found wanting, if anything."""

    @property
    def app_id(self) -> int | None:
        """Whose check it is; None where that is not told."""
        return None

    @property
    def matters(self) -> bool:
        return self.failing is not None


class CheckRunEvent(Checked):
    action: Literal["completed"]
    check_run: CheckRun

    @property
    def app_id(self) -> int | None:
        return self.check_run.app.id if self.check_run.app else None

    @property
    def failing(self) -> Failing | None:
        run = self.check_run
        if run.conclusion not in FAILED:
            return None
        output = run.output or Output()
        words = "\n\n".join(text for text in (output.title, output.summary) if text)
        return Failing(sha=run.head_sha, name=run.name, words=words, url=run.html_url or "")


class CheckSuiteEvent(Checked):
    action: Literal["completed"]
    check_suite: CheckSuite

    @property
    def app_id(self) -> int | None:
        return self.check_suite.app.id if self.check_suite.app else None

    @property
    def failing(self) -> Failing | None:
        suite = self.check_suite
        alone = suite.latest_check_runs_count == 0
        return Failing(sha=suite.head_sha, name="the checks") if alone and suite.conclusion in FAILED else None


class WorkflowRunEvent(Checked):
    action: Literal["completed"]
    workflow_run: WorkflowRun

    @property
    def failing(self) -> Failing | None:
        run = self.workflow_run
        if run.conclusion not in FAILED:
            return None
        return Failing(sha=run.head_sha, name=run.name or "a workflow", url=run.html_url)


class StatusEvent(Checked):
    """A commit status. Ours are in contexts of their own, and nothing follows from them."""

    sha: CommitSha
    state: str
    context: str
    description: str | None = None
    target_url: str | None = None

    @property
    def failing(self) -> Failing | None:
        if self.state not in {"failure", "error"} or self.context.startswith(OUR_CONTEXTS):
            return None
        words, url = self.description or "", self.target_url or ""
        return Failing(sha=self.sha, name=self.context, words=words, url=url)


CheckEvent = CheckRunEvent | CheckSuiteEvent | WorkflowRunEvent | StatusEvent
