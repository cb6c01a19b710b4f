"""How runs are named to Temporal: workflow, operation, summary and search attributes."""

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from domain.lifecycle import Operation, Stage
from domain.operations import (
    DEPLOY_WORKFLOW,
    DEPRECATE_WORKFLOW,
    RETIRE_WORKFLOW,
    UNDEPRECATE_WORKFLOW,
    UPDATE_WORKFLOW,
    DeployVersion,
    DeprecateIntegration,
    LaterWork,
    RetireIntegration,
    UndeprecateIntegration,
    UpdateIntegration,
)
from domain.runs import CREATE_WORKFLOW, CreateIntegration, Work

INTEGRATION_ID = SearchAttributeKey.for_keyword("IntegrationId")
OPERATION = SearchAttributeKey.for_keyword("Operation")
STAGE = SearchAttributeKey.for_keyword("Stage")
ORGANIZATION_ID = SearchAttributeKey.for_keyword("OrganizationId")


def described(cmd: CreateIntegration | LaterWork) -> tuple[str, Operation, str]:
    """Workflow, operation and summary of what is asked for."""
    workflow, operation, summary = _described(cmd)
    return workflow, operation, f"{summary} (again)" if cmd.retry else summary


def _described(cmd: CreateIntegration | LaterWork) -> tuple[str, Operation, str]:
    match cmd:
        case CreateIntegration():
            return CREATE_WORKFLOW, Operation.CREATE, f"Create: {cmd.request.title[:120]}"
        case UpdateIntegration():
            return UPDATE_WORKFLOW, Operation.UPDATE, f"Update: {cmd.reason.title[:120]}"
        case DeployVersion():
            operation = Operation.ROLL_BACK if cmd.rollback else Operation.DEPLOY
            return DEPLOY_WORKFLOW, operation, f"{operation.words.capitalize()}: {cmd.version} to {cmd.environment}"
        case DeprecateIntegration():
            return DEPRECATE_WORKFLOW, Operation.DEPRECATE, f"Deprecate: {cmd.reason[:120]}"
        case UndeprecateIntegration():
            return UNDEPRECATE_WORKFLOW, Operation.UNDEPRECATE, f"Undeprecate: {cmd.reason[:120]}"
        case RetireIntegration():
            return RETIRE_WORKFLOW, Operation.RETIRE, f"Retire: {cmd.reason[:120]}"


def searched(cmd: Work, operation: Operation) -> TypedSearchAttributes:
    """What a run is searched by from its start on."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(INTEGRATION_ID, cmd.integration_id),
            SearchAttributePair(OPERATION, operation.value),
            SearchAttributePair(STAGE, Stage.REQUESTED.value),
            SearchAttributePair(ORGANIZATION_ID, cmd.organization_id),
        ]
    )
