"""An integration has a stable URL in each environment: one is switched, split and stopped without the other."""

from datetime import UTC, datetime

import pytest

from domain import ids
from domain.errors import Conflict, VendorRejected
from domain.operations import Environment
from domain.vendors import Notice
from tests.contract.process_target.conftest import KEY, NAME, Built, World, built

STAGING = ids.route(NAME, Environment.STAGING)


async def says(world: World, url: str) -> str | int:
    answer = await world.http.get(f"{url}/health")
    return str(answer.json()["version"]) if answer.is_success else answer.status_code


async def two(world: World) -> tuple[Built, Built, str, str]:
    """1.0.0 in production, 2.0.0 in staging, and both URLs."""
    first, second = built(version="1.0.0"), built(version="2.0.0")
    production = await world.up(first)
    await world.start(second)
    await world.healthy(second.spec.id)
    return first, second, production, await world.target.switch(STAGING, second.spec.id)


async def test_each_environment_has_its_own_url_and_survives_the_other(world: World) -> None:
    first, second, production, staging = await two(world)
    assert (production, staging) == (f"{world.runner.url}/i/{NAME}", f"{world.runner.url}/i/{NAME}.staging")
    assert (await says(world, production), await says(world, staging)) == ("1.0.0", "2.0.0")
    status = await world.target.status(second.spec.id)
    assert (status.live, status.url) == (True, staging)
    await world.target.switch(NAME, second.spec.id)
    assert (await says(world, production), await says(world, staging)) == ("2.0.0", "2.0.0")
    await world.target.stop(first.spec.id)
    assert (await says(world, production), await says(world, staging)) == ("2.0.0", "2.0.0")
    await world.target.stop(second.spec.id)
    assert (await says(world, production), await says(world, staging)) == (404, 404)
    assert (await world.target.live(NAME), await world.target.live(STAGING)) == (None, None)


async def test_a_split_and_a_notice_are_one_url_s_alone(world: World) -> None:
    first, second, production, staging = await two(world)
    await world.target.split(NAME, second.spec.id, percent=100)
    await world.target.announce(NAME, Notice(deprecated_at=datetime(2026, 1, 2, tzinfo=UTC)))
    assert await says(world, production) == "2.0.0"
    assert "deprecation" in (await world.http.get(f"{production}/health")).headers
    assert "deprecation" not in (await world.http.get(f"{staging}/health")).headers
    await world.target.split(NAME, second.spec.id, percent=0)
    assert (await says(world, production), await says(world, staging)) == ("1.0.0", "2.0.0")
    await world.target.stop(second.spec.id)
    assert (await says(world, production), await says(world, staging)) == ("1.0.0", 404)
    assert "deprecation" in (await world.http.get(f"{production}/health")).headers
    assert await world.target.live(NAME) == first.spec.id


async def test_a_name_that_is_no_environment_s_is_refused(world: World) -> None:
    first = built(version="1.0.0")
    await world.up(first)
    for name in (f"{NAME}.moon", f"{NAME}.staging.staging", ".staging"):
        answer = await world.http.put(
            f"{world.runner.url}/routes/{name}",
            json={"deployment_id": first.spec.id},
            headers={"Authorization": f"Bearer {KEY}"},
        )
        assert answer.status_code == 404, name
    with pytest.raises((Conflict, VendorRejected), match="not one of"):
        await world.target.switch("gadgets.staging", first.spec.id)
