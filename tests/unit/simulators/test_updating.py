"""How the brain revises a plan: what it carries over, adds, renames, and gives up."""

import json
from typing import Any

from domain.plan import Plan
from domain.text import UntrustedText, fenced
from simulators.claude.brain import reply
from tests import proofs

OPERATIONS = {("get", "/cities"): "List the cities", ("get", "/cities/{city}"): "Get a city"}
LISTED = [{"name": "cities.list", "method": "get", "route": "/cities", "path": "/cities"}]


def earlier(capabilities: list[dict[str, str]] = LISTED) -> Plan:
    base = proofs.manifest()
    return Plan.model_validate(
        {
            "name": "cities",
            "summary": "Lists cities.",
            "base_url": base.base_url,
            "hosts": base.hosts,
            "acceptance": ["`GET /cities` answers what the API answers."],
            "capabilities": [
                {
                    "name": one["name"],
                    "description": "Reads.",
                    "method": one["method"],
                    "route": one["route"],
                    "operation": {"method": one["method"], "path": one["path"], "purpose": "Read."},
                }
                for one in capabilities
            ],
        }
    )


def revised(wish: str, plan: Plan, operations: dict[tuple[str, str], str] = OPERATIONS) -> Plan | None:
    """The plan that comes of it; None if it is refused."""
    index = "\n".join(f"{method.upper()} {path} | | {about}" for (method, path), about in operations.items())
    text = f"All {len(operations)} operations:\n{index}"
    asked = fenced(UntrustedText(source="request", text=wish))
    parts = [
        fenced(UntrustedText(source="API document's operations", text=text)),
        f"The plan of the version that serves, 1.0.0:\n\n```json\n{plan.model_dump_json(indent=1)}\n```",
        f"<request>\nName: cities\nBase URL: {plan.base_url}\n{asked}\n</request>",
    ]
    messages: list[dict[str, Any]] = [{"role": "user", "content": "\n\n".join(parts)}]
    for _ in range(5):
        said = reply({"messages": messages, "tools": [{"name": "submit_plan"}]})
        uses = [block for block in said if block["type"] == "tool_use"]
        for use in uses:
            if use["name"] == "submit_plan":
                return Plan.model_validate(use["input"])
            if use["name"] == "refuse":
                return None
        answers = [
            {"type": "tool_result", "tool_use_id": use["id"], "content": json.dumps(use["input"] | {"operation": {}})}
            for use in uses
        ]
        messages += [{"role": "assistant", "content": said}, {"role": "user", "content": answers}]
    raise AssertionError("no end was found")


def routes(plan: Plan | None) -> dict[str, str]:
    assert plan is not None
    return {one.name: f"{one.route} {one.operation.path}" for one in plan.capabilities}


def test_what_is_not_asked_for_stays() -> None:
    before = earlier()
    after = revised("Set the timeout to 5 seconds", before)
    assert after is not None
    assert after.model_dump(exclude={"acceptance"}) == before.model_dump(exclude={"acceptance"})
    assert after.acceptance == [*before.acceptance, "Asked for: Set the timeout to 5 seconds"]


def test_what_is_asked_for_is_added() -> None:
    found = routes(revised("Add `GET /cities/{city}`", earlier()))
    assert found["cities.list"] == "/cities /cities"
    assert [value for name, value in found.items() if name != "cities.list"] == ["/cities/{city} /cities/{city}"]


def test_capabilities_are_renamed_and_removed() -> None:
    two = [*LISTED, {"name": "cities.get", "method": "get", "route": "/cities/{city}", "path": "/cities/{city}"}]
    wish = "Rename the capability cities.list to towns.list and remove the capability cities.get"
    assert routes(revised(wish, earlier(two))) == {"towns.list": "/cities /cities"}


def test_an_operation_that_moved_backs_its_capability_again() -> None:
    moved = {("get", "/v2/cities"): "List the cities"}
    assert routes(revised("The API has moved", earlier(), moved)) == {"cities.list": "/cities /v2/cities"}


def test_when_nothing_would_be_left_it_is_refused() -> None:
    assert revised("The API has moved", earlier(), {("get", "/towns"): "List towns"}) is None
