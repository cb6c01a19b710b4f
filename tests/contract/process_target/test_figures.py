"""What the front keeps and computes by itself: figures, headers and its file."""

import json
import random
import time
from pathlib import Path

import pytest
from starlette.types import Message

from adapters.process_target.figures import KEPT_SECONDS, Figures
from adapters.process_target.store import Route, Store
from adapters.workloads.notices import announcing
from domain import ids
from tests.contract.process_target.test_traffic import NOTICE


@pytest.mark.parametrize("bad", ["<", '<a>"', '<a>\\"', "<a>;rel= ", "<a>;rel=", '<a>;rel="', "<a>; "], ids=range(7))
@pytest.mark.parametrize("repeated", [True, False], ids=["repeated", "padded"])
async def test_no_link_of_an_integration_keeps_the_front_busy(bad: str, repeated: bool) -> None:
    value = (bad * 60_000 if repeated else bad + " " * 60_000)[:60_000].encode()
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    began = time.process_time()
    await announcing(keep, NOTICE)({"type": "http.response.start", "status": 200, "headers": [(b"link", value)]})
    assert time.process_time() - began < 0.5
    assert sent[0]["headers"][-1][0] == b"link"


def test_routes_of_earlier_runners_are_read_and_plain_ones_written_as_they_were(tmp_path: Path) -> None:
    store, file = Store(tmp_path), tmp_path / "routes.json"
    first, second, third = (ids.deployment("int", f"sha256:{number}") for number in range(3))
    old = {"widgets": first, "gadgets": second}
    file.write_text(json.dumps(old, indent=1))
    routes = store.routes()
    assert routes == {name: Route(live=live) for name, live in old.items()}
    store.save_routes(routes)
    assert json.loads(file.read_text()) == old
    changed = {
        "widgets": Route(live=first, candidate=third, percent=10),
        "gadgets": Route(live=second, notice=NOTICE),
        "gizmos": Route(notice=NOTICE),
    }
    store.save_routes(changed)
    assert store.routes() == changed


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("median", [0.4, 50.0, 20_000.0])
def test_percentiles_are_within_five_percent(median: float) -> None:
    clock = Clock()
    figures = Figures(since=clock.now, clock=clock)
    dice = random.Random(4)
    latencies = [median * dice.lognormvariate(0, 0.8) for _ in range(2000)]
    for latency in latencies:
        with figures.request() as timing:
            clock.now += latency / 1000
            timing.answered(200)
    found = figures.over(KEPT_SECONDS)
    latencies = latencies[-found.requests :]  # the long ones take more than an hour
    exact = sorted(latencies)
    for percent, value in ((50, found.p50_ms), (95, found.p95_ms), (99, found.p99_ms)):
        assert value == pytest.approx(exact[-(-len(exact) * percent // 100) - 1], rel=0.05)


def test_figures_are_of_the_seconds_that_were_asked_for_and_are_forgotten_after_an_hour() -> None:
    clock = Clock()
    figures = Figures(since=clock.now, clock=clock)
    empty = figures.over(60)
    assert (empty.requests, empty.p50_ms, empty.last_request_at, empty.seconds) == (0, None, None, 0)
    for second in range(2 * KEPT_SECONDS):
        clock.now = 1000.5 + second
        with figures.request() as timing:
            if second % 4:
                timing.answered(200 if second % 2 else 503)
    assert (figures.over(10).requests, figures.over(10).seconds) == (11, 10)
    whole = figures.over(1e9)
    assert (whole.seconds, whole.requests, whole.errors) == (KEPT_SECONDS, KEPT_SECONDS, KEPT_SECONDS / 2)
    assert len(figures._seconds) == KEPT_SECONDS
    clock.now += 2 * KEPT_SECONDS
    late = figures.over(60)
    assert (late.requests, late.p99_ms) == (0, None)
    assert late.last_request_at is not None


def test_a_request_without_an_answer_is_an_error_and_has_no_latency() -> None:
    clock = Clock()
    figures = Figures(since=0, clock=clock)
    with pytest.raises(TimeoutError), figures.request():
        raise TimeoutError
    with figures.request() as timing:
        timing.answered(200)
        timing.broke_off()
    found = figures.over(60)
    assert (found.requests, found.errors) == (2, 2)
    assert found.p50_ms == pytest.approx(0.1, rel=0.05)
