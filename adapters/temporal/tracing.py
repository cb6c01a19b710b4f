"""Traces through Temporal: the SDK's interceptor, but for what it does inside workflows.

There it makes a span of no length for every step of every workflow, which costs 4 % of a run. Here a workflow hands the
caller's span on to its steps as it came, so that what the API did, and what each step did for it, is one trace.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from temporalio.api.common.v1 import Payload
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle, ChildWorkflowHandle

_HEADER = "_tracer-data"
"""Where the SDK's interceptor keeps the span, for clients and activities alike."""


class Tracing(TracingInterceptor):
    """For clients and workers."""

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # type: ignore[override]  # noqa: A002 - the SDK narrows it to its own class, which this replaces
        return _HandOn


class _WithHeaders(Protocol):
    headers: Mapping[str, Payload]


class _HandOn(WorkflowInboundInterceptor):
    span: Payload | None = None

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound, self))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002, ANN401 - the SDK's signature
        self.span = input.headers.get(_HEADER)
        return await super().execute_workflow(input)


class _Outbound(WorkflowOutboundInterceptor):
    def __init__(self, next: WorkflowOutboundInterceptor, inbound: _HandOn) -> None:  # noqa: A002 - SDK's name
        super().__init__(next)
        self._inbound = inbound

    def _mark(self, going: _WithHeaders) -> None:
        if self._inbound.span is not None:
            going.headers = {**going.headers, _HEADER: self._inbound.span}

    def continue_as_new(self, input: ContinueAsNewInput) -> Any:  # noqa: A002, ANN401 - the SDK's signature
        self._mark(input)
        return super().continue_as_new(input)

    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002 - the SDK's signature
        self._mark(input)
        return super().start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:  # noqa: A002 - the SDK's
        self._mark(input)
        return super().start_local_activity(input)

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> ChildWorkflowHandle[Any, Any]:  # noqa: A002
        self._mark(input)
        return await super().start_child_workflow(input)
