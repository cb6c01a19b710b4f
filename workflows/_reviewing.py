"""Reviewing: branch, pull request and message; then people decide, with reminders and a final deadline."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.chat import ChatActivities
from activities.integrations import IntegrationActivities
from activities.repository import RepositoryActivities
from domain import failing, review
from domain.errors import ReviewExpired, ReviewNotCounted
from domain.lifecycle import Stage
from domain.plan import Plan
from domain.registry import Version
from domain.review import Decision, Review
from domain.runs import HeadMoved, Waiting, cents
from domain.steps import (
    BranchName,
    ClosePullRequest,
    Head,
    OpenPullRequest,
    PostMessage,
    Push,
    ReadHead,
    RecordReview,
    RecordVersion,
    Succeeding,
    UpdateMessage,
    VersionOf,
)
from domain.vendors import MessageRef, PullRequest
from workflows import policies
from workflows._building import Proven
from workflows._failures import describe, refusing
from workflows._run import Run
from workflows._saga import Saga
from workflows._steps import at_once, record, step
from workflows._wording import decided_message, reminder, review_message


class Reviewing:
    """The review of one version, over as many rounds as people want."""

    def __init__(self, run: Run, saga: Saga) -> None:
        self._run = run
        self._saga = saga
        self._reviews: list[Review] = []
        self._message: MessageRef | None = None
        self._moved: HeadMoved | None = None
        self._void = 0
        self._for_a_person = 0
        self._heads: set[str] = set()

    @property
    def branch(self) -> str:
        return f"ccb/{self._run.book.name}-{self._run.book.version}"

    @property
    def folder(self) -> str:
        return f"integrations/{self._run.book.name}"

    def carry(self, reviews: list[Review]) -> None:
        """Reviews that a run before this one had: each counts for as long as the content is the one that it names."""
        self._reviews = list(reviews)

    @property
    def valid(self) -> list[Review]:
        """Those that no push made void."""
        return [] if self.moved else self._reviews[self._void :]

    async def ask(self, plan: Plan, proven: Proven) -> PullRequest:
        """Put what is proven before people: branch, pull request, record, message."""
        self._run.doing("opens the pull request")
        self._moved = None
        self._for_a_person = len(proven.for_a_person)
        pull = await self._open(plan, proven)
        self._run.book.pull_request = pull
        if workflow.patched("own-heads"):
            self._heads.add(pull.head_sha)
        await self._record(proven, pull)
        await self._run.enter(Stage.REVIEWING, f"asks for review of {pull.url}", version=self._run.book.version)
        await asyncio.gather(self._post(), self._run.comment())
        return pull

    async def decided(self) -> Review | None:
        """Wait for people; the review that asks for changes, or None when it is approved, or when the branch `moved`.

        Where reviews are automatic nobody is waited for, unless something was found that is for a person to decide.

        Raises:
            ReviewExpired: nobody decided before the deadline.
        """
        policy = self._run.cmd.policy
        if policy.automatic and not self._for_a_person:
            return None
        asked, paused = workflow.now(), self._run.pausing.total()
        deadline = asked + policy.deadline
        self._run.waits(Waiting(what=self._wanted(), since=asked, until=deadline))
        reminded = 0
        while (decision := self._outcome()) is None and not self.moved:
            await self._run.pausing.boundary()
            # People cannot get a paused run on, so that time is given back to them.
            if (later := asked + policy.deadline + self._run.pausing.total() - paused) != deadline:
                deadline = later
                self._run.waits(Waiting(what=self._wanted(), since=asked, until=deadline))
            if workflow.now() >= deadline:
                with refusing():
                    raise ReviewExpired(f"Nobody decided within {policy.deadline.days} days, so the request is closed.")
            if not await self._decision_within(min(policy.remind_every, deadline - workflow.now())):
                reminded += 1
                await self._remind(workflow.now() - asked, reminded)
        self._run.waits(None)
        if decision is not None and workflow.patched("tell-the-decision"):
            await self._tell(decision)
        if decision is not Decision.REQUEST_CHANGES:
            return None
        return next(one for one in reversed(self._reviews) if one.decision is Decision.REQUEST_CHANGES)

    @property
    def moved(self) -> bool:
        """Somebody pushed to the branch: whatever was approved is void, and what is there now is to be looked at.

        Word of our own commits comes too, and late: it says nothing new. If somebody put one back, the merge finds it.
        """
        pull, moved = self._run.book.pull_request, self._moved
        if pull is None or moved is None or moved.number not in {None, pull.number}:
            return False
        return moved.head_sha not in {pull.head_sha, *self._heads}

    def head_moved(self, moved: HeadMoved) -> None:
        self._moved = moved

    async def read_head(self, pull: PullRequest, proven: Proven) -> Head:
        """What the branch holds now. Approvals of what was there before do not count for it, even if it is the same."""
        self._void = len(self._reviews)
        who = self._moved.by.name if self._moved else "somebody"
        self._run.doing(f"looks at what {who} pushed to {pull.url}; approvals of what was there before are void")
        cmd = ReadHead(pull_request=pull, folder=self.folder, proven=proven.workspace)
        return await step(RepositoryActivities.read_head, cmd, policies.VENDOR_WRITE, "read what was pushed")

    def check(self, submitted: Review) -> None:
        """Refuse a review that does not count now."""
        self._run.book.require(Stage.REVIEWING)
        if submitted.kind == "check" and sum(one.kind == "check" for one in self._reviews) >= failing.MOST:
            raise ReviewNotCounted(f"Checks have asked for changes {failing.MOST} times; now people decide.")
        review.check(
            submitted,
            policy=self._run.cmd.policy,
            requester=self._run.cmd.requester,
            content_hash=self._run.book.content_hash or "",
        )

    async def count(self, submitted: Review) -> None:
        """Record a review that counts, then let it count."""
        cmd = RecordReview(
            integration_id=self._run.cmd.integration_id, version=self._run.book.version, review=submitted
        )
        await record(IntegrationActivities.record_review, cmd)
        self._reviews.append(submitted)

    @property
    def reviews(self) -> list[Review]:
        return self._reviews

    async def _open(self, plan: Plan, proven: Proven) -> PullRequest:
        run, book = self._run, self._run.book
        repo, title = run.cmd.repository, f"{book.deed} integration {book.name} {book.version}"
        gone = BranchName(repo=repo, branch=self.branch)
        closed = ClosePullRequest(repo=repo, branch=self.branch, comment="The run ended without deploying this.")
        self._saga.on_failure("branch", lambda: step(RepositoryActivities.delete_branch, gone, policies.UNDO, "undo"))
        self._saga.on_failure(
            "pull request", lambda: step(RepositoryActivities.close_pull_request, closed, policies.UNDO, "undo")
        )
        push = Push(
            repo=repo,
            branch=self.branch,
            folder=self.folder,
            workspace=proven.workspace,
            message=f"{title}\n\n{plan.summary}",
            key=run.key(f"push/{proven.content_hash}"),
        )
        branch = await step(RepositoryActivities.push_branch, push, policies.VENDOR_WRITE, f"push {self.branch}")
        opened = OpenPullRequest(
            branch=branch,
            title=title,
            plan=proven.plan,
            content_hash=proven.content_hash,
            findings=proven.findings,
            for_a_person=proven.for_a_person,
            tests=proven.counts,
            usd=cents(book.spent.usd),
            requester=run.cmd.requester.name,
            issue=run.cmd.issue,
            ticket=run.cmd.ticket,
            key=run.key("pull-request"),
            succeeding=_succeeding(book.previous, book.version, proven),
        )
        return await step(
            RepositoryActivities.open_pull_request, opened, policies.VENDOR_WRITE, f"open the pull request for {title}"
        )

    async def _record(self, proven: Proven, pull: PullRequest) -> None:
        book = self._run.book
        version = Version(
            integration_id=self._run.cmd.integration_id,
            version=book.version,
            content_hash=proven.content_hash,
            files=proven.workspace,
            plan=proven.plan,
            checks=proven.checks,
            tests=proven.tests,
            sbom=proven.sbom,
            lock=proven.lock,
            measured=proven.measured,
            verdict=proven.verdict,
            tests_passed=proven.counts.passed,
            tests_failed=proven.counts.failed,
            pull_request=pull,
            document=proven.document,
            source=proven.source,
            base_url=proven.base_url,
        )
        mine = VersionOf(integration_id=version.integration_id, version=version.version)
        self._saga.on_failure(
            "version", lambda: record(IntegrationActivities.discard_version, mine, policies.UNDO_RECORD)
        )
        cmd = RecordVersion(version=version, key=self._run.key(f"version/{proven.content_hash}"))
        await record(IntegrationActivities.record_version, cmd)

    async def _post(self) -> None:
        """One message a run: the first round posts it, later ones edit it."""
        message = review_message(self._run.book)
        key = self._run.key("message")
        if self._message is None:
            cmd = PostMessage(message=message, key=key)
            self._message = await step(ChatActivities.post, cmd, policies.VENDOR_WRITE, "ask for review")
        else:
            update = UpdateMessage(key=key, message=message, ref=self._message)
            await step(ChatActivities.update, update, policies.VENDOR_WRITE, "ask for review again")

    async def _tell(self, decision: Decision) -> None:
        """Take the buttons from the message, which says who decided; it is edited again when there is more to say."""
        message = decided_message(self._run.book, decision, self._reviews[self._void :])
        update = UpdateMessage(key=self._run.key("message"), message=message, ref=self._message)
        try:
            await at_once(ChatActivities.update, update, policies.SAY, "say what was decided")
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("the message still asks for a review", extra={"error": describe(error).message})

    async def _decision_within(self, time: timedelta) -> bool:
        resumed = self._run.pausing.resumed
        try:
            await workflow.wait_condition(
                lambda: self._outcome() is not None or self.moved or self._run.pausing.resumed != resumed,
                timeout=time,
                timeout_summary="until the next reminder",
            )
        except TimeoutError:
            return False
        return True

    async def _remind(self, waited: timedelta, number: int) -> None:
        cmd = PostMessage(message=reminder(self._run.book, waited.days), key=self._run.key(f"reminder/{number}"))
        await step(ChatActivities.post, cmd, policies.VENDOR_WRITE, f"remind people ({number})")

    def _outcome(self) -> Decision | None:
        return review.outcome(
            self._reviews[self._void :], policy=self._run.cmd.policy, content_hash=self._run.book.content_hash or ""
        )

    def _wanted(self) -> str:
        approvals = self._run.cmd.policy.approvals
        wanted = "an approval" if approvals == 1 else f"{approvals} approvals"
        found = self._for_a_person
        return f"{wanted}; {found} finding{'s' if found > 1 else ''} for a person to decide" if found else wanted


def _succeeding(before: str, version: str, proven: Proven) -> Succeeding | None:
    if proven.previous is None:
        return None
    return Succeeding(before=before, version=version, files_before=proven.previous, files=proven.workspace)
