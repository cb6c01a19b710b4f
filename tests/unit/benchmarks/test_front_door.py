"""What the front door's benchmark asks, and what it makes of what it measured."""

import json

import pytest
from pydantic import SecretStr

from adapters.github.webhooks import parse, verify
from benchmarks.front_door.load import Loaded
from benchmarks.front_door.measure import KINDS, Measured, Pair
from benchmarks.front_door.report import figures, last_line, quantile, text
from benchmarks.front_door.requests import SIZE, deliveries, reads
from domain.errors import Unauthenticated

WANTED = {"webhook_over_floor", "webhook_p99_over_floor", "get_over_floor", "list_over_floor", "auth_us", "peak_rss_mb"}


def opened(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    return dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:]), body


def test_each_delivery_is_a_new_one_that_the_product_takes() -> None:
    following = deliveries("secret")
    (first, body), (second, other) = opened(following()), opened(following())
    assert first["X-GitHub-Delivery"] != second["X-GitHub-Delivery"]
    assert len(body) == int(first["Content-Length"]) == SIZE
    assert body != other
    verify([SecretStr("secret")], body, first["X-Hub-Signature-256"])
    assert parse("issues", body) is not None
    with pytest.raises(Unauthenticated):
        verify([SecretStr("secret")], other, first["X-Hub-Signature-256"])


def test_reads_name_who_asks() -> None:
    headers, body = opened(reads(["/a"], "key")())
    assert (headers["Authorization"], body) == ("Bearer key", b"")


def measured() -> Measured:
    fast = Loaded(1.0, [0.01] * 100)
    pair = Pair(product=[Loaded(1.0, [0.02] * part) for part in (50, 80, 20)], floor=[fast] * 3)
    return Measured(32, 1.0, 1000, dict.fromkeys(KINDS, pair), auth_us=512.4, peak_rss_mb=200.04)


def test_the_figures_are_named_and_beside_their_floor() -> None:
    named = figures(measured())
    assert set(named) >= WANTED
    assert (named["webhook_over_floor"], named["webhook_p99_over_floor"]) == (0.5, 2.0)
    assert (named["get_product_per_second"], named["get_floor_per_second"]) == (50, 100)
    assert (named["auth_us"], named["peak_rss_mb"]) == (512, 200.0)
    assert json.loads(last_line(measured()))["list_over_floor"] == 0.5
    assert "webhook" in text(measured())


def test_a_quantile_is_of_all_rounds() -> None:
    assert quantile([Loaded(1.0, [0.001] * 99), Loaded(1.0, [0.5])], 0.99) == 500.0
