"""What stands in the way of an end."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.dependencies import Dependent
from domain.retirement import InUse, Used

NOW = datetime(2031, 6, 1, tzinfo=UTC)
DEPENDENT = Dependent(integration_id="int_" + "1" * 32, name="boards", version="1.2.0", version_range=">=1,<2")


def test_nothing_stands_in_the_way_of_what_nobody_needs() -> None:
    assert InUse(routes={"weather": "dep_" + "1" * 32}).in_the_way(NOW) == []


@pytest.mark.parametrize(
    ("use", "why"),
    [
        (InUse(dependents=[DEPENDENT]), "boards 1.2.0 depends on it (>=1,<2)"),
        (InUse(used=[Used(deployment_id="dep_" + "1" * 32, requests=3, seconds=900)]), "3 requests in the last 15 min"),
        (InUse(used=[Used(deployment_id="dep_" + "1" * 32, requests=0, seconds=0)]), "cannot say"),
        (InUse(sunset_at=NOW + timedelta(seconds=1)), "to serve until 2031-06-01 00:00 UTC"),
    ],
    ids=["needed", "used", "nobody can say", "announced"],
)
def test_each_thing_that_stands_in_the_way_is_said(use: InUse, why: str) -> None:
    [said] = use.in_the_way(NOW)
    assert why in said


def test_an_announced_date_that_is_past_holds_nothing_up() -> None:
    assert InUse(sunset_at=NOW).in_the_way(NOW) == []
