"""Generation: look around, write, check, mend what was found, finish."""

import re
from typing import Any

import yaml

from simulators.claude.brain.moves import Move
from simulators.claude.brain.operations import Service, service
from simulators.claude.brain.outcomes import clean, passed
from simulators.claude.brain.reading import Call, Facts, operations_read, plan_in, schemas_read
from simulators.claude.brain.wishes import asked, is_change_request, of_update, understood
from simulators.claude.brain.workspace import changes, files

MAX_REPAIRS = 2
_FILES_A_TURN = 3
"""As the instructions ask: an answer that is cut off then costs little."""
_SCHEMA_ROUNDS, _SCHEMAS_A_ROUND = 2, 16


def generate(facts: Facts) -> Move:
    """The next turn of a generation."""
    plan = plan_in(facts.first)
    if plan is None:
        return Move("There is no plan here to build. Give the approved plan as JSON.")
    if "one-turn" not in facts.switches and (look := _looking(facts, plan)) is not None:
        return look
    rounds = _Rounds(facts)
    wanted_service = _service(facts, plan, rounds)
    if "one-turn" not in facts.switches and (look := _schemas(facts, wanted_service)) is not None:
        return look
    wanted = files(
        wanted_service,
        wrong_type="buggy" in facts.switches and rounds.failures == 0,
        failing_test="never-passes" in facts.switches or ("buggy" in facts.switches and rounds.failures == 0),
    )
    calls = changes(rounds.written, wanted)
    if "one-turn" in facts.switches:
        if rounds.cut_off and calls:
            return Move("In smaller pieces.", calls[:2])
        return Move("All of it at once.", [*calls, _finish(wanted_service, "")])
    return rounds.next_move(calls, wanted_service)


class _Rounds:
    """How far the work is: what stands in the workspace, what was checked since, and how often it was found wanting."""

    def __init__(self, facts: Facts) -> None:
        said = [(turn, text) for turn, text in facts.said if "Go on with the tools" not in text]
        self._start = said[-1][0] if said else 0
        reviewed = [asked(text) for _, text in said if is_change_request(text)]
        self.wishes = understood([*of_update(facts), *reviewed])
        self._reported = [turn for turn, text in said if not is_change_request(text)]
        self._calls = facts.calls
        self.written = _written(facts.calls)
        self._checked = facts.of("run_checks", "run_tests", "finish")
        bad = {call.turn for call in self._checked if _bad(call)}
        self.failures = len(bad | {-turn for turn in self._reported})
        self._repairs = len([turn for turn in bad if turn > self._start])
        self.cut_off = any(call.failed and "cut off" in (call.answer or "") for call in facts.calls)

    def next_move(self, calls: list[tuple[str, dict[str, Any]]], service_: Service) -> Move:
        """Write what is missing; else check; else finish."""
        if calls and self._repairs <= MAX_REPAIRS:
            text = "Writing the integration and its tests." if not self.written else "Mending what was found."
            return Move(text, calls[: 2 if self.cut_off else _FILES_A_TURN])
        last_write = max((c.turn for c in self._calls if c.name in ("write_file", "edit_file")), default=0)
        recent = [c for c in self._checked if c.turn > max(last_write, self._start) and c.name != "finish"]
        tools = {call.name for call in recent}
        if not {"run_checks", "run_tests"} <= tools:
            return Move("Checking it.", [("run_checks", {}), ("run_tests", {})])
        if not any(_bad(call) for call in recent):
            return Move("Clean, and all tests pass.", [_finish(service_, "Checks are clean and all tests pass.")])
        if len(recent) < 2 * MAX_REPAIRS:
            return Move("Checking once more.", [("run_checks", {}), ("run_tests", {})])
        return Move("I cannot mend what is left.", [_finish(service_, "Some findings are left that I cannot mend.")])


def _bad(call: Call) -> bool:
    if call.answer is None:
        return False
    if call.name == "finish":
        return call.failed
    return call.failed or not (clean if call.name == "run_checks" else passed)(call.answer)


def _operations(plan: dict[str, Any]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((c["operation"]["method"], c["operation"]["path"]) for c in plan["capabilities"]))


def _looking(facts: Facts, plan: dict[str, Any]) -> Move | None:
    if facts.of("read_operation", "list_files"):
        return None
    known = operations_read(facts)
    calls: list[tuple[str, dict[str, Any]]] = [("list_files", {}), ("read_file", {"path": "integration.yaml"})]
    calls += [
        ("read_operation", {"method": method, "path": path})
        for method, path in _operations(plan)
        if (method.lower(), path) not in known
    ]
    what = "the manifest and the operations of the plan" if len(calls) > 2 else "the manifest"
    return Move(f"Reading {what}.", calls)


def _schemas(facts: Facts, known: Service) -> Move | None:
    """Ask for the schemas that the models need and nobody has shown yet."""
    before = {str(call.input.get("name")) for call in facts.of("read_schema")}
    rounds = len({call.turn for call in facts.of("read_schema")})
    names = [name for name in known.missing if name not in before][:_SCHEMAS_A_ROUND]
    if not names or rounds >= _SCHEMA_ROUNDS:
        return None
    return Move("Reading the schemas that these refer to.", [("read_schema", {"name": name}) for name in names])


def _service(facts: Facts, plan: dict[str, Any], rounds: _Rounds) -> Service:
    manifest = next(
        (c.answer for c in facts.of("read_file") if c.input.get("path") == "integration.yaml" and not c.failed), ""
    )
    try:
        given = yaml.safe_load(manifest or "") or {}
    except yaml.YAMLError:
        given = {}
    said = re.search(r"[Vv]ersion\W{1,4}(\d+\.\d+\.\d+)\b", facts.trusted)
    version = str(given.get("version") or (said.group(1) if said else "0.1.0"))
    excused = 1 if "buggy" in facts.switches else MAX_REPAIRS * 100 if "never-passes" in facts.switches else 0
    return service(
        plan,
        version,
        operations_read(facts),
        schemas_read(facts),
        simple=rounds.failures > excused,
        wishes=rounds.wishes,
    )


def _written(calls: list[Call]) -> dict[str, str]:
    """The files as the calls that were answered without an error left them."""
    current: dict[str, str] = {}
    for call in calls:
        path = str(call.input.get("path"))
        if call.failed or call.answer is None:
            continue
        if call.name == "write_file":
            current[path] = str(call.input.get("content", ""))
        elif call.name == "edit_file" and path in current:
            current[path] = current[path].replace(str(call.input.get("old")), str(call.input.get("new")), 1)
    return current


def _finish(known: Service, more: str) -> tuple[str, dict[str, Any]]:
    names = ", ".join(one.capability for one in known.operations)
    changed = f" Changes asked for: {'; '.join(known.wishes.notes)}." if known.wishes.notes else ""
    return "finish", {"summary": f"{known.name} {known.version} offers {names}. {more}{changed}".strip()[:1900]}
