"""Testing a version that is there already: reading it, running it, asking it, keeping what came of it, telling it."""

import asyncio
from datetime import UTC, datetime

from pydantic import TypeAdapter
from temporalio import activity

from activities.store import load_files, save_files
from domain import ids
from domain.errors import CcbError, InvalidInput, NotFound
from domain.people import Actor, Channel
from domain.plan import Plan
from domain.ports import Artifacts, Bench, CodeHost, Integrations, LiveCalls, Living, TestRuns, Tests
from domain.registry import Integration, Version
from domain.steps.testing import (
    AskedLive,
    AskLive,
    CommitFiles,
    FinishTest,
    RanContracts,
    ReadCommit,
    RunContracts,
    RunUnits,
    SetCommitStatus,
    Subject,
    TestedPage,
    TestPage,
    Units,
)
from domain.testing import (
    MAX_CASES,
    SHOWN,
    STATUS_CONTEXT,
    Case,
    CaseCounts,
    CaseOutcome,
    LiveAnswer,
    Outcome,
    TestRun,
    TestRunDetail,
    TestVersion,
    Trigger,
    compared,
    decided,
)

_JSON = "application/json"
_CASES = TypeAdapter(list[Case])
_LIVE = TypeAdapter(list[LiveAnswer])
_UNSTEADY = {CaseOutcome.FAILED, CaseOutcome.FLAKY}
_MESSAGE = 1_000
"""Characters of a message that a summary keeps; the JUnit file has all that was read."""

NIGHT = Actor(channel=Channel.API, name="ccb", bot=True)


class TestRunActivities:
    """Beginning and ending a test run, in the database."""

    __test__ = False

    def __init__(self, runs: TestRuns, integrations: Integrations, artifacts: Artifacts) -> None:
        self._runs = runs
        self._integrations = integrations
        self._artifacts = artifacts

    @activity.defn(name="testing.begin")
    async def begin(self, cmd: TestVersion) -> Subject:
        """What is to be tested. Raises NotFound if there is no such integration or version."""
        found = await self._integrations.get(cmd.integration_id)
        version = _wanted(found, await self._integrations.versions(found.id), cmd)
        pull = version.pull_request
        run = await self._runs.begin(
            TestRun(
                id=cmd.id,
                integration_id=found.id,
                name=found.name,
                version=version.version,
                trigger=cmd.trigger,
                requester=cmd.requester,
                commit=cmd.commit.sha if cmd.commit else pull.head_sha if pull else None,
                started_at=activity.info().scheduled_time,
            )
        )
        # Before a deployment only what it was built for is asked: an API that is away now is not the version's fault.
        serves = cmd.commit is None and version.version == found.version and cmd.trigger is not Trigger.DEPLOYMENT
        return Subject(
            run=run,
            workspace=None if cmd.commit else version.files,
            plan=version.plan,
            document=version.document,
            url=(found.url or "") if serves else "",
            repo=cmd.commit.repo if cmd.commit else pull.repo if pull else None,
            sha=run.commit,
        )

    @activity.defn(name="testing.finish")
    async def finish(self, cmd: FinishTest) -> TestRun:
        """Decide, compare with the run before, and keep it with its event."""
        cases = [] if cmd.cases is None else _CASES.validate_json(await self._artifacts.get(cmd.cases))
        cases += [Case(name=one.name, outcome=one.outcome, message=one.message) for one in cmd.contracts]
        contracts = CaseCounts.of(cases[len(cases) - len(cmd.contracts) :])
        unsteady = [_short(case) for case in cases if case.outcome in _UNSTEADY][:SHOWN]
        told = cmd.run.model_copy(update={"contracts": contracts, "unsteady": unsteady})
        kept = TestRunDetail(**told.model_dump(), cases=_kept(cases))
        before = await self._runs.last(kept.integration_id, before=kept.id)
        outcome = decided(kept)
        comparable = before is not None and outcome is not Outcome.ERROR
        update = {"outcome": outcome, "comparison": compared(kept, before) if comparable and before else None}
        await self._runs.finish(kept.model_copy(update=update))
        return told.model_copy(update=update)


def _wanted(found: Integration, versions: list[Version], cmd: TestVersion) -> Version:
    number = cmd.version or found.version
    chosen = [one for one in versions if one.version == number] if number else versions[-1:]
    if not chosen:
        what = f"no version {number}" if number else "no version yet"
        raise NotFound(f"{found.name or found.id} has {what}, so there is nothing to test.", integration_id=found.id)
    return chosen[-1]


def _short(case: Case) -> Case:
    return case.model_copy(update={"message": case.message[-_MESSAGE:]})


def _kept(cases: list[Case]) -> list[Case]:
    """What failed first, so that it is there however many there are; then by name."""
    worst_first = sorted(cases, key=lambda case: (case.outcome not in _UNSTEADY, case.name))[:MAX_CASES]
    return [_short(case) for case in sorted(worst_first, key=lambda case: case.name)]


class BenchActivities:
    """Running generated code, in the sandbox."""

    def __init__(self, bench: Bench, artifacts: Artifacts) -> None:
        self._bench = bench
        self._artifacts = artifacts

    @activity.defn(name="testing.units")
    async def units(self, cmd: RunUnits) -> Units:
        files = await load_files(self._artifacts, cmd.workspace)
        report = await self._bench.units(files, heartbeat=activity.heartbeat)
        return Units(
            counts=CaseCounts.of(report.cases),
            cases=await self._artifacts.put(_CASES.dump_json(report.cases), _JSON),
            report=report.report,
        )

    @activity.defn(name="testing.contracts")
    async def contracts(self, cmd: RunContracts) -> RanContracts:
        files = await load_files(self._artifacts, cmd.workspace)
        document = None if cmd.document is None else await self._artifacts.get(cmd.document)
        live = [] if cmd.live is None else _LIVE.validate_json(await self._artifacts.get(cmd.live))
        return RanContracts(cases=await self._bench.contracts(files, document, live, heartbeat=activity.heartbeat))


class LiveActivities:
    """Asking what is deployed."""

    def __init__(self, calls: LiveCalls, artifacts: Artifacts) -> None:
        self._calls = calls
        self._artifacts = artifacts

    @activity.defn(name="testing.ask_live")
    async def ask_live(self, cmd: AskLive) -> AskedLive:
        plan = Plan.model_validate_json(await self._artifacts.get(cmd.plan))
        answers = await self._calls.ask(cmd.url, plan.capabilities)
        if not answers:
            return AskedLive()
        return AskedLive(answers=await self._artifacts.put(_LIVE.dump_json(answers), _JSON))


class CommitActivities:
    """What testing needs of the code host."""

    def __init__(self, host: CodeHost, artifacts: Artifacts) -> None:
        self._host = host
        self._artifacts = artifacts

    @activity.defn(name="testing.read_commit")
    async def read_commit(self, cmd: ReadCommit) -> CommitFiles:
        """The files of the commit's folder as they are. Raises NotFound if it holds none."""
        commit = cmd.commit
        files = await self._host.files(commit.repo, commit.sha, commit.folder)
        if not files:
            raise NotFound(f"Commit {commit.sha[:7]} holds nothing in {commit.folder}.", sha=commit.sha)
        return CommitFiles(workspace=await save_files(self._artifacts, files))

    @activity.defn(name="testing.set_status")
    async def set_status(self, cmd: SetCommitStatus) -> None:
        await self._host.set_status(
            cmd.repo,
            cmd.sha,
            context=STATUS_CONTEXT,
            state=cmd.state,
            description=cmd.description,
            target_url=cmd.target_url,
        )


class TestStartActivities:
    """Starting tests from other workflows."""

    __test__ = False

    def __init__(self, runs: TestRuns, tests: Tests) -> None:
        self._runs = runs
        self._tests = tests

    @activity.defn(name="testing.start")
    async def start(self, cmd: TestVersion) -> TestRun:
        return await self._tests.start(cmd)

    @activity.defn(name="testing.test_page")
    async def test_page(self, cmd: TestPage) -> TestedPage:
        """Test a page of what serves, to the end. Repeated: a test of this night that was started is not again."""
        page = await self._runs.living(after=cmd.after, limit=cmd.limit)
        turns = asyncio.Semaphore(cmd.at_once)

        async def test(one: Living) -> bool:
            async with turns:
                try:
                    return (await self._tests.run(_nightly(one, cmd.night))).outcome is Outcome.PASSED
                except CcbError as error:
                    details = {"integration_id": one.id, "code": error.code, "error": error.message}
                    activity.logger.warning("a nightly test came to no result", extra=details)
                    return False

        passed = await asyncio.gather(*map(test, page))
        return TestedPage(after=page[-1].id if page else "", tested=len(page), failed=passed.count(False))


def _nightly(one: Living, night: str) -> TestVersion:
    try:
        at = datetime.fromisoformat(night).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidInput(f"{night} is not a day, such as 2026-11-30.", field="night") from error
    return TestVersion(
        id=ids.derived("tst", f"{one.id}/{night}", at),
        integration_id=one.id,
        organization_id=one.organization_id,
        trigger=Trigger.NIGHTLY,
        requester=NIGHT,
    )
