"""What the saga benchmark reads from histories, and that its canned activities are the product's."""

import inspect
import json
from dataclasses import replace

import pytest
from temporalio.api.common.v1 import ActivityType, Payload, Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from benchmarks.saga.bare import told
from benchmarks.saga.canned import canned
from benchmarks.saga.histories import History, Recording, Result, Shape, place, recording, shape
from benchmarks.saga.measure import Different, Measured, check_same
from benchmarks.saga.report import figures, text
from benchmarks.saga.requests import pruned
from domain.runs import LIFECYCLE_QUEUE
from domain.steps import Sealed, SealVersion

RUN = "integration/int_1"


def payloads(data: bytes) -> Payloads:
    return Payloads(payloads=[Payload(data=data)])


def scheduled(number: int, task: int, name: str, sent: bytes = b"{}") -> HistoryEvent:
    event = HistoryEvent(event_id=number, event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    begun = event.activity_task_scheduled_event_attributes
    begun.activity_id, begun.workflow_task_completed_event_id = str(number), task
    begun.activity_type.CopyFrom(ActivityType(name=name))
    begun.task_queue.CopyFrom(TaskQueue(name=LIFECYCLE_QUEUE))
    begun.input.CopyFrom(payloads(sent))
    return event


def completed(number: int, of: int, data: bytes) -> HistoryEvent:
    event = HistoryEvent(event_id=number, event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
    event.activity_task_completed_event_attributes.scheduled_event_id = of
    event.activity_task_completed_event_attributes.result.CopyFrom(payloads(data))
    return event


def marker(number: int, activity_id: str, name: str, data: bytes) -> HistoryEvent:
    event = HistoryEvent(event_id=number, event_type=EventType.EVENT_TYPE_MARKER_RECORDED)
    about = json.dumps({"seq": 1, "activity_id": activity_id, "activity_type": name}).encode()
    event.marker_recorded_event_attributes.marker_name = "core_local_activity"
    details = event.marker_recorded_event_attributes.details
    details["data"].CopyFrom(payloads(about))
    details["result"].CopyFrom(payloads(data))
    return event


def patched(number: int) -> HistoryEvent:
    """What `workflow.patched` leaves, as in the committed histories: a marker that is nobody's work."""
    event = HistoryEvent(event_id=number, event_type=EventType.EVENT_TYPE_MARKER_RECORDED)
    event.marker_recorded_event_attributes.marker_name = "core_patch"
    event.marker_recorded_event_attributes.details["patch-data"].CopyFrom(payloads(b'{"id":"one","deprecated":false}'))
    return event


def history(*between: HistoryEvent, workflow_id: str = RUN, **children: History) -> History:
    first = HistoryEvent(event_id=1, event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
    first.workflow_execution_started_event_attributes.input.CopyFrom(payloads(b"x" * 40))
    last = HistoryEvent(event_id=99, event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
    last.workflow_execution_completed_event_attributes.result.CopyFrom(payloads(b"x" * 7))
    return History(workflow_id, [first, *between, last], 1000, {int(at): child for at, child in children.items()})


CHILD = history(scheduled(4, 3, "claude.turn"), completed(6, 4, b'"t"'), workflow_id=f"{RUN}/analysis-1")
ALL = history(
    patched(2),
    marker(3, "1", "integration.enter", b""),
    scheduled(4, 2, "build.check", b"x" * 10),
    scheduled(5, 2, "build.test", b"x" * 20),
    completed(7, 5, b'"second"'),
    completed(8, 4, b'"first"'),
    scheduled(10, 9, "deploy.live"),
    completed(11, 10, b""),
    HistoryEvent(event_id=12, event_type=EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED),
    **{"12": CHILD},
)


def test_shape_keeps_order_and_sizes_and_what_was_side_by_side() -> None:
    bones = shape(ALL)
    assert (bones.sent, bones.returned) == (40, 7)
    assert [step.kind for step in bones.steps] == ["local", "activities", "activities", "child"]
    assert [[(call.sent, call.returned) for call in step.calls] for step in bones.steps] == [
        [],
        [(10, 7), (20, 8)],
        [(2, 0)],
        [],
    ]
    assert bones.steps[3].child == shape(CHILD)


def test_what_was_done_is_counted_with_the_children() -> None:
    assert (ALL.activities, ALL.local_activities) == (4, 1)


def test_recording_has_each_result_at_its_place() -> None:
    found = recording(ALL).results
    assert found["#4"] == Result(activity="build.check", data='"first"')
    assert found["#1"] == Result(activity="integration.enter", data="null")
    assert found["analysis-1#4"] == Result(activity="claude.turn", data='"t"')
    assert place("integration/int_2/analysis-1", "4") == "analysis-1#4"


def test_bare_input_has_the_size_of_the_real_one() -> None:
    assert len(json.dumps(told(Shape(sent=300, returned=0, steps=[])))) == 300


def test_every_recorded_name_can_be_answered() -> None:
    names = {each.__temporal_activity_definition.name for each in canned(Recording(results={}))}
    assert {"document.examine", "claude.turn", "workspace.seal", "deploy.switch", "integration.register"} <= names


async def test_canned_activity_answers_with_the_real_types_at_its_place() -> None:
    sealed = {"content_hash": f"sha256:{'a' * 64}", "files": 3, "bytes": 9}
    recorded = Recording(results={"#9": Result(activity="workspace.seal", data=json.dumps(sealed))})
    (seal,) = (each for each in canned(recorded) if each.__temporal_activity_definition.name == "workspace.seal")
    assert inspect.get_annotations(seal) == {"_": SealVersion, "return": Sealed}
    there = ActivityEnvironment()
    there.info = replace(there.info, workflow_id=RUN, activity_id="9")
    assert await there.run(seal, None) == Sealed.model_validate(sealed)
    there.info = replace(there.info, activity_id="10")
    with pytest.raises(ApplicationError, match=r"workspace\.seal was not recorded"):
        await there.run(seal, None)


def test_what_did_less_is_not_compared() -> None:
    same = {"saga": ALL, "workflow": ALL, "bare": ALL}
    check_same(same)
    with pytest.raises(Different):
        check_same(same | {"bare": CHILD})


def test_pruned_keeps_what_its_paths_refer_to() -> None:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": {"schema": {"$ref": "#/components/schemas/A"}}}, "/b": {"get": {}}},
        "components": {"schemas": {"A": {"items": {"$ref": "#/components/schemas/A2"}}, "A2": {}, "B": {}}},
    }
    cut = json.loads(pruned(json.dumps(document).encode(), ("/a",)))
    assert list(cut["paths"]) == ["/a"]
    assert set(cut["components"]["schemas"]) == {"A", "A2"}


def test_figures_are_ratios_of_medians() -> None:
    found = Measured(
        saga=[9.0, 6.0, 5.0],
        workflow=[0.3, 0.9, 0.33],
        bare=[0.3, 0.1, 0.9],
        at_once={"workflow": (50, 120.0), "bare": (50, 130.0)},
        histories=dict.fromkeys(("small", "large", "saga", "workflow", "bare"), ALL),
        peak_rss_mb={"saga": 200.0, "workflow": 220.0, "bare": 90.0},
    )
    told_figures = figures(found)
    assert told_figures["workflow_over_bare"] == pytest.approx(1.1)
    assert told_figures["saga_over_bare"] == pytest.approx(20)
    assert (told_figures["history_events"], told_figures["history_bytes"]) == (ALL.count(), 2000)
    assert (told_figures["runs_per_minute"], told_figures["peak_rss_mb"]) == (120.0, 220.0)
    assert "(b) its workflow" in text(found)
