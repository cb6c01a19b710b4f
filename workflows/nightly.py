"""NightlyTests: what serves is tested, a page of integrations at a time.

Promises: each integration that serves is tested once in a night, whatever is retried; so many at a time. A page costs
one activity, whatever its size: 1,000 integrations are 20 of them. It changes nothing, so there is nothing to undo.
"""

from temporalio import workflow
from temporalio.common import VersioningBehavior

from activities.testing import TestStartActivities
from domain.steps.testing import TestPage
from domain.testing import NIGHTLY_WORKFLOW, NightlyOutcome, NightlyTests
from workflows import policies
from workflows._steps import step


@workflow.defn(name=NIGHTLY_WORKFLOW, versioning_behavior=VersioningBehavior.PINNED)
class NightlyTestsWorkflow:
    @workflow.run
    async def run(self, cmd: NightlyTests) -> NightlyOutcome:
        now = cmd.model_copy(update={"night": cmd.night or workflow.now().date().isoformat()})
        pages = 0
        while True:
            page = TestPage(night=now.night, after=now.after, limit=now.page, at_once=now.at_once)
            tested = await step(TestStartActivities.test_page, page, policies.NIGHT, f"test those after {now.after}")
            sums = {"tested": now.tested + tested.tested, "failed": now.failed + tested.failed}
            now = now.model_copy(update={"after": tested.after, **sums})
            workflow.set_current_details(f"**{now.night}** {now.tested} tested, {now.failed} not passed")
            if tested.tested < now.page:
                return NightlyOutcome(night=now.night, tested=now.tested, failed=now.failed)
            pages += 1
            if pages == now.pages:
                workflow.continue_as_new(now)
