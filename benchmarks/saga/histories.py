"""What a run's history says: its size, the results of its steps, and the bare shape of what was done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client


@dataclass(frozen=True)
class History:
    """A closed workflow's events and their size in bytes as the server counts it, and its children's."""

    workflow_id: str
    events: Sequence[HistoryEvent]
    size: int
    children: "Mapping[int, History]"
    """By the number of the event that started them."""

    def all(self) -> "Iterator[History]":
        yield self
        for child in self.children.values():
            yield from child.all()

    def count(self, *kinds: EventType.ValueType) -> int:
        """Events of these kinds, in this workflow and its children; all of them if none is named."""
        return sum(not kinds or event.event_type in kinds for one in self.all() for event in one.events)

    @property
    def activities(self) -> int:
        """Activities that were scheduled, in this workflow and its children."""
        return self.count(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)

    @property
    def local_activities(self) -> int:
        """Local activities that ended, in this workflow and its children."""
        return sum(_is_local(event) for one in self.all() for event in one.events)

    @property
    def whole_size(self) -> int:
        return sum(one.size for one in self.all())


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Result(_Model):
    """What a step answered, as JSON."""

    activity: str
    data: str


class Recording(_Model):
    """The results of all steps of a run, by `place`."""

    results: dict[str, Result]


class Call(_Model):
    """An activity: the queue it was given to, and the bytes that went in and came out."""

    queue: str
    sent: int
    returned: int


class Step(_Model):
    """What a workflow did between two waits: a local activity, activities side by side, or a child."""

    kind: Literal["local", "activities", "child"]
    returned: int = 0
    calls: list[Call] = []
    child: "Shape | None" = None


class Shape(_Model):
    """A workflow without its meaning: the steps in order, and the bytes that went in and came out."""

    sent: int
    returned: int
    steps: list[Step]


async def read(client: Client, workflow_id: str) -> History:
    """The history of a closed run and of the workflows it started."""
    handle = client.get_workflow_handle(workflow_id)
    events = list((await handle.fetch_history()).events)
    size = (await handle.describe()).raw_description.workflow_execution_info.history_size_bytes
    children = {
        event.event_id: await read(client, event.start_child_workflow_execution_initiated_event_attributes.workflow_id)
        for event in events
        if event.event_type == EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
    }
    return History(workflow_id, events, size, children)


def place(workflow_id: str, activity_id: str) -> str:
    """Where in a run a step is: the same for all runs that take the same way."""
    _, _, *child = workflow_id.split("/", 2)
    return f"{''.join(child)}#{activity_id}"


def recording(history: History) -> Recording:
    results: dict[str, Result] = {}
    for one in history.all():
        scheduled = {event.event_id: event.activity_task_scheduled_event_attributes for event in one.events}
        for event in one.events:
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                done = event.activity_task_completed_event_attributes
                begun = scheduled[done.scheduled_event_id]
                key, name, returned = begun.activity_id, begun.activity_type.name, done.result
            elif _is_local(event):
                local = _Local.model_validate_json(
                    event.marker_recorded_event_attributes.details["data"].payloads[0].data
                )
                key, name = local.activity_id, local.activity_type
                returned = event.marker_recorded_event_attributes.details["result"]
            else:
                continue
            results[place(one.workflow_id, key)] = Result(activity=name, data=_json(returned))
    return Recording(results=results)


def shape(history: History) -> Shape:
    """Activities that one workflow task scheduled are side by side; everything else is one after the other."""
    completed = {
        event.activity_task_completed_event_attributes.scheduled_event_id: event
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    }
    steps: list[Step] = []
    task = 0
    for event in history.events:
        if _is_local(event):
            steps.append(Step(kind="local", returned=_size(event.marker_recorded_event_attributes.details["result"])))
        elif event.event_type == EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
            steps.append(Step(kind="child", child=shape(history.children[event.event_id])))
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            begun = event.activity_task_scheduled_event_attributes
            done = completed[event.event_id].activity_task_completed_event_attributes
            call = Call(queue=begun.task_queue.name, sent=_size(begun.input), returned=_size(done.result))
            beside = steps and steps[-1].kind == "activities" and task == begun.workflow_task_completed_event_id
            steps[-1:] = (
                [Step(kind="activities", calls=[*steps[-1].calls, call])]
                if beside
                else [
                    *steps[-1:],
                    Step(kind="activities", calls=[call]),
                ]
            )
            task = begun.workflow_task_completed_event_id
    first, last = history.events[0], history.events[-1]
    return Shape(
        sent=_size(first.workflow_execution_started_event_attributes.input),
        returned=_size(last.workflow_execution_completed_event_attributes.result),
        steps=steps,
    )


class _Local(BaseModel):
    """What the SDK's core writes into the marker of a local activity."""

    activity_id: str
    activity_type: str


def _is_local(event: HistoryEvent) -> bool:
    """Whether a marker is a local activity's: `workflow.patched` leaves markers too, which are nobody's work."""
    marker = event.marker_recorded_event_attributes
    return event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED and marker.marker_name == "core_local_activity"


def _size(payloads: Payloads) -> int:
    return sum(len(payload.data) for payload in payloads.payloads)


def _json(payloads: Payloads) -> str:
    """A step's result; one that answers nothing has no data, which is JSON's null."""
    return "".join(payload.data.decode() for payload in payloads.payloads) or "null"
