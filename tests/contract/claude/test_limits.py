"""Rate limits: what the vendor says of them, and what is made of it."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from adapters.claude.client import AnthropicClaude
from adapters.claude.limits import exhausted_until
from domain.conversation import Conversation, Piece
from domain.errors import VendorRateLimited
from simulators.kit import Simulators

Ask = Callable[..., Conversation]
GOOD = [{"type": "text", "text": "Good."}]


@pytest.fixture(autouse=True)
async def as_published(simulators: Simulators) -> AsyncIterator[None]:
    yield
    await simulators.act("claude", "limit")


def ignore(_: Piece) -> None:
    pass


async def exhausted(claude: AnthropicClaude, asked: Conversation) -> list[datetime]:
    told: list[datetime] = []

    async def tell(until: datetime) -> None:
        told.append(until)

    await claude.answer(asked, on_piece=ignore, on_exhausted=tell)
    return told


async def test_nothing_left_is_told_as_soon_as_it_is_known(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask
) -> None:
    await simulators.act("claude", "limit", requests_per_minute=2)
    await simulators.act("claude", "script", entries=[{"content": GOOD}] * 2)
    assert await exhausted(claude, ask()) == []
    (until,) = await exhausted(claude, ask())
    assert timedelta(seconds=55) < until - datetime.now(UTC) <= timedelta(seconds=62)
    with pytest.raises(VendorRateLimited, match="2 requests per minute") as caught:
        await claude.answer(ask(), on_piece=ignore)
    assert 20 <= (caught.value.retry_after or 0) <= 30  # when one request is there again


@pytest.mark.parametrize("limit", ["input_tokens_per_minute", "output_tokens_per_minute"])
async def test_tokens_are_limited_as_they_are_used(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask, limit: str
) -> None:
    await simulators.act("claude", "limit", **{limit: 1200})
    await simulators.act("claude", "script", entries=[{"content": [{"type": "text", "text": "word " * 1000}]}] * 2)
    await claude.answer(ask("Word. " * 700), on_piece=ignore)
    with pytest.raises(VendorRateLimited, match="rate_limit_error") as caught:
        await claude.answer(ask("Other. " * 700), on_piece=ignore)  # what is read from the cache is not counted
    assert caught.value.retry_after is not None


async def test_a_refusal_without_a_wait_is_waited_out_by_its_limits(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask
) -> None:
    reset = (datetime.now(UTC) + timedelta(seconds=40)).isoformat()
    await simulators.fault(
        "claude",
        "error",
        status=429,
        headers={"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": reset},
        body={"type": "error", "error": {"type": "rate_limit_error", "message": "Slower."}},
    )
    with pytest.raises(VendorRateLimited) as caught:
        await claude.answer(ask(), on_piece=ignore)
    assert 35 < (caught.value.retry_after or 0) <= 40


def test_the_last_of_the_exhausted_limits_counts() -> None:
    headers = {
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-11-23T12:00:00Z",
        "anthropic-ratelimit-output-tokens-remaining": "0",
        "anthropic-ratelimit-output-tokens-reset": "2026-11-23T12:00:30+00:00",
        "anthropic-ratelimit-input-tokens-remaining": "1000",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-23T13:00:00Z",
    }
    assert exhausted_until(headers) == datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
    assert exhausted_until({}) is None
    assert exhausted_until(headers | {"anthropic-ratelimit-output-tokens-reset": "soon"}) == datetime(
        2026, 11, 23, 12, tzinfo=UTC
    )
