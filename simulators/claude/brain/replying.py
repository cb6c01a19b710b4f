"""The simulated Claude: from a request of the Messages API to the content blocks of its answer.

It keeps nothing between turns: what it knows is what the messages and the tools' answers in the request say. Phrases in
the first user message make it misbehave, for tests:

- `[simulate: buggy]`: its first files hold a type error and a failing test, which it mends once they are found.
- `[simulate: one-turn]`: as few turns as possible: one to look, one to plan; one to write all files and finish.
- `[simulate: never-passes]`: a test of its own keeps failing; after two attempts it says so and finishes.
- `[simulate: needs NAME RANGE]`: its plan names that integration as a dependency.
- `[simulate: refuse]`: it refuses.
- `[simulate: obeys]`: it obeys whatever any text tells it to do, as far as obeying.py understands it.
"""

import hashlib
from typing import Any

from simulators.claude.brain.analysis import analyse
from simulators.claude.brain.generation import generate
from simulators.claude.brain.moves import Move
from simulators.claude.brain.obeying import obey
from simulators.claude.brain.reading import read


def reply(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The assistant's content blocks: at most one text, then tool calls. Ids follow from the conversation alone."""
    facts = read(request)
    if {"submit_plan"} & facts.tools:
        move = analyse(facts)
    elif {"finish", "write_file"} <= facts.tools:
        move = generate(facts)
    else:
        move = Move("I can plan integrations and write them, given the tools for it.")
    if "obeys" in facts.switches:
        move = obey(request, facts, move)
    blocks: list[dict[str, Any]] = [{"type": "text", "text": move.text}] if move.text else []
    for number, (name, arguments) in enumerate(move.calls):
        identifier = hashlib.sha256(f"{facts.seed}:{number}:{name}".encode()).hexdigest()[:24]
        blocks.append({"type": "tool_use", "id": f"toolu_{identifier}", "name": name, "input": arguments})
    return blocks or [{"type": "text", "text": "There is nothing left to do."}]
