"""Tests of an integration: started, listed, looked at."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status
from pydantic import Field

from api.answers import NoWorker, answering
from api.found import Found
from api.problems import documented
from api.repeats import Repeated
from api.security import Caller, WayIn, actor, needs
from api.services import Wired
from domain.access import Permission
from domain.base import Data
from domain.errors import NotFound
from domain.ids import TestRunId
from domain.operations import VersionNumber
from domain.testing import TestRun, TestRunDetail, TestVersion, Trigger

router = APIRouter(prefix="/api/v1/integrations/{integration}", tags=["tests"])

TestId = Annotated[TestRunId, Path(description="Which test run.", examples=["tst_01a208b6dbf270b3a0afa79a44221072"])]


class NewTest(Data):
    """Which version to test; without one, the one that serves."""

    version: VersionNumber | None = Field(default=None, examples=["1.0.0"])


@router.post(
    "/test",
    dependencies=[needs(Permission.INTEGRATIONS_TEST)],
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(NotFound, NoWorker),
)
async def start_test(
    body: NewTest,
    request: Request,
    response: Response,
    caller: Caller,
    found: Found,
    channel: WayIn,
    services: Wired,
    once: Repeated,
) -> TestRun:
    """Run all checks, unit tests and contract tests of a version, beside whatever else is done to the integration."""
    test_id = once.made("tst")
    url = str(request.url_for("read_test", integration=found.id, test=test_id))
    cmd = TestVersion(
        id=test_id,
        integration_id=found.id,
        organization_id=found.organization_id,
        version=body.version,
        trigger=Trigger.DEMAND,
        requester=actor(caller, channel),
        target_url=url,
    )
    async with answering(services.settings.patience, integration_id=found.id):
        begun = await services.tests.start(cmd)
    response.headers["Location"] = url
    return begun


@router.get("/tests", dependencies=[needs(Permission.INTEGRATIONS_READ)], responses=documented(NotFound))
async def list_tests(
    found: Found,
    services: Wired,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[TestRunId | None, Query(description="Only those older than this one.")] = None,
) -> list[TestRun]:
    """Test runs, newest first. One without `ended_at` is under way."""
    return await services.test_runs.page(found.id, limit=limit, before=before)


@router.get("/tests/{test}", dependencies=[needs(Permission.INTEGRATIONS_READ)], responses=documented(NotFound))
async def read_test(found: Found, test: TestId, services: Wired) -> TestRunDetail:
    """One test run, with its tests by name and how it compares with the run before."""
    return await services.test_runs.get(found.id, test)
