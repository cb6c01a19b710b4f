"""Testing a version as a part of another run, such as before it is deployed."""

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from domain import ids
from domain.operations import DeployVersion
from domain.testing import TEST_WORKFLOW, TestRun, TestVersion, Trigger


async def tested_before(cmd: DeployVersion) -> TestRun:
    """Test the version that is to be deployed, as a child workflow; what it means for the deployment is the caller's.

    Raises ChildWorkflowError if the test run itself could not be done.
    """
    now = workflow.now()
    test = TestVersion(
        id=ids.derived("tst", f"{workflow.info().run_id}/{cmd.version}", now),
        integration_id=cmd.integration_id,
        organization_id=cmd.organization_id,
        version=cmd.version,
        trigger=Trigger.DEPLOYMENT,
        requester=cmd.requester,
    )
    run: TestRun = await workflow.execute_child_workflow(
        TEST_WORKFLOW,
        test,
        id=ids.test_workflow(cmd.integration_id, test.id),
        result_type=TestRun,
        static_summary=f"Test before deployment: {cmd.version}",
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(SearchAttributeKey.for_keyword("IntegrationId"), cmd.integration_id),
                SearchAttributePair(SearchAttributeKey.for_keyword("Operation"), "test"),
                SearchAttributePair(SearchAttributeKey.for_keyword("OrganizationId"), cmd.organization_id),
            ]
        ),
    )
    return run
