"""What all runs together may spend, by the API and by `ccb limits`."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from domain.people import Role
from tests.api.world import World


@pytest.fixture(autouse=True)
async def unlimited(world: World) -> AsyncIterator[None]:
    yield
    async with world.client() as api:
        (await api.put("/api/v1/limits", json={"organization_month_usd": None, "day_usd": None})).raise_for_status()


def by_name(standing: Any) -> dict[str, Any]:
    return {one["name"]: one for one in standing}


async def test_an_operator_sets_and_reads_limits(world: World):
    async with world.client(Role.OPERATOR) as api:
        before = by_name((await api.get("/api/v1/limits")).json())
        assert before["day_usd"]["limit_usd"] is None
        assert before["organization_month_usd"]["period"] == before["day_usd"]["period"][:7]
        answer = await api.put("/api/v1/limits", json={"day_usd": "12.50"})
        assert answer.status_code == 200
        assert Decimal(by_name(answer.json())["day_usd"]["limit_usd"]) == Decimal("12.5")
        await api.put("/api/v1/limits", json={"organization_month_usd": 100})
        after = by_name((await api.get("/api/v1/limits")).json())
    assert Decimal(after["day_usd"]["limit_usd"]) == Decimal("12.5")
    assert Decimal(after["organization_month_usd"]["limit_usd"]) == 100
    assert {after["day_usd"]["spent_usd"], after["day_usd"]["reserved_usd"]} == {"0"}


@pytest.mark.parametrize("body", [{}, {"day_usd": -1}, {"day_usd": "much"}, {"week_usd": 3}], ids=str)
async def test_what_is_no_limit_is_refused(world: World, body: dict[str, object]):
    async with world.client() as api:
        answer = await api.put("/api/v1/limits", json=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_input"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER, Role.REVIEWER])
async def test_limits_are_an_operators(world: World, role: Role):
    async with world.client(role) as api:
        assert (await api.put("/api/v1/limits", json={"day_usd": 1})).status_code == 403
        assert (await api.get("/api/v1/limits")).status_code == 403


async def test_ccb_limits(world: World):
    set_to = await world.ccb("limits", "set", "--day-usd", "50", "--organization-month-usd", "900.25")
    assert set_to.code == 0, set_to
    shown = await world.ccb("limits")
    assert shown.code == 0
    words = shown.out.split()
    assert {"$50", "$900.25", "RESERVED"} <= set(words), shown
    await world.ccb("limits", "set", "--day-usd", "none")
    as_json = await world.ccb("limits", "--json")
    assert by_name(as_json.json())["day_usd"]["limit_usd"] is None

    wrong = await world.ccb("limits", "set", "--day-usd", "plenty")
    assert wrong.code == 2
    assert "plenty is not an amount" in wrong.err
    nothing = await world.ccb("limits", "set")
    assert (nothing.code, nothing.out) == (2, "")
