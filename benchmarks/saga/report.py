"""What was measured, for people and for programs."""

import json
import os
from statistics import median

from temporalio.api.enums.v1 import EventType

from benchmarks.saga.histories import History
from benchmarks.saga.measure import Measured

_TASKS = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
_ROWS = {"saga": "(a) the saga", "workflow": "(b) its workflow, canned activities", "bare": "(c) bare workflow"}


def figures(found: Measured) -> dict[str, float | int]:
    """The named figures. Histories are of the happy path with a person's approval, its conversations included."""
    floor = median(found.bare)
    small, large = found.histories["small"], found.histories["large"]
    rates = {f"{name}_runs_per_minute": round(rate, 1) for name, (_, rate) in found.at_once.items()}
    return {
        "workflow_over_bare": round(median(found.workflow) / floor, 3),
        "saga_over_bare": round(median(found.saga) / floor, 2),
        "history_events": large.count(),
        "history_bytes": large.whole_size,
        "runs_per_minute": round(found.at_once["workflow"][1], 1),
        "peak_rss_mb": round(max(found.peak_rss_mb["saga"], found.peak_rss_mb["workflow"]), 1),
        "history_bytes_small_document": small.whole_size,
        "saga_ms": round(median(found.saga) * 1000),
        "workflow_ms": round(median(found.workflow) * 1000, 1),
        "bare_ms": round(floor * 1000, 1),
        **rates,
    }


def text(found: Measured) -> str:
    load = os.getloadavg()[0]
    lines = [f"{os.cpu_count()} processors, load {load:.1f} at the end", "", *_latencies(found), "", *_histories(found)]
    return "\n".join(lines)


def _latencies(found: Measured) -> list[str]:
    floor = median(found.bare)
    lines = [
        f"{'':<38}{'alone, ms':>10}{'lowest':>8}{'highest':>9}{'over (c)':>10}{'tasks':>7}{'at once':>9}"
        f"{'a minute':>10}{'workers, MB':>13}"
    ]
    for name, title in _ROWS.items():
        alone: list[float] = getattr(found, name)
        count, rate = found.at_once.get(name, (0, 0.0))
        tasks = found.histories[name].count(_TASKS)
        lines.append(
            f"{title:<38}{median(alone) * 1000:>10.0f}{min(alone) * 1000:>8.0f}{max(alone) * 1000:>9.0f}"
            f"{median(alone) / floor:>10.2f}{tasks:>7}{count or '-':>9}{f'{rate:.0f}' if count else '-':>10}"
            f"{found.peak_rss_mb[name]:>13.0f}"
        )
    same = found.histories["bare"]
    lines += [
        "",
        f"Each: {same.activities} activities, {same.local_activities} local activities, {len(same.children)} "
        f"children. Medians of {len(found.saga)} runs of (a) and {len(found.bare)} of (b) and (c), in turns.",
    ]
    return lines


def _histories(found: Measured) -> list[str]:
    titles = {
        "small": "(a) approved by a person, small document",
        "large": "(a) approved by a person, 840 KB document",
        "saga": "(a) automatic, as timed",
        "workflow": "(b)",
        "bare": "(c)",
    }
    lines = [f"{'history':<44}{'events':>8}{'bytes':>9}   of these the saga itself"]
    for name, title in titles.items():
        one: History = found.histories[name]
        lines.append(f"{title:<44}{one.count():>8}{one.whole_size:>9}   {len(one.events)} events, {one.size} bytes")
    return lines


def last_line(found: Measured) -> str:
    return json.dumps(figures(found))
