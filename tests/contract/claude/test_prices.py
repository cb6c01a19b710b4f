"""The price table, and what caching and limits cost by the published rules."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.claude.client import AnthropicClaude
from adapters.claude.settings import ClaudeSettings
from domain.conversation import Usage
from domain.errors import InvalidInput
from simulators.claude.accounting import PromptCache
from simulators.claude.errors import ApiError
from simulators.claude.limits import Bucket
from simulators.claude.validation import check


def test_the_default_model_has_a_price(claude: AnthropicClaude, settings: ClaudeSettings) -> None:
    price = claude.price(settings.model)
    assert price.cost(Usage(input_tokens=1_000_000)) == price.input > 0
    assert price.cache_write == price.input * Decimal("1.25")
    assert price.cache_read < price.input < price.output


def test_a_dated_name_has_the_price_of_its_model(claude: AnthropicClaude) -> None:
    assert claude.price("claude-sonnet-4-5-20250929") == claude.price("claude-sonnet-4-5")
    assert claude.price("claude-haiku-4-5").cost(Usage(output_tokens=1_000)) == Decimal("0.005")


def test_a_model_without_a_price_is_refused(claude: AnthropicClaude) -> None:
    with pytest.raises(InvalidInput, match="CCB_CLAUDE_PRICES"):
        claude.price("claude-unheard-of-9")


def test_another_table_can_be_named(settings: ClaudeSettings, tmp_path: Path) -> None:
    table = tmp_path / "prices.yaml"
    row = "{input: 7, output: 8, cache_write: 9, cache_read: 0.1}"
    table.write_text(f"as_of: 2027-01-01\nsource: our contract\nmodels:\n  claude-ours: {row}\n")
    adapter = AnthropicClaude(settings.model_copy(update={"prices": table}))
    assert adapter.price("claude-ours").cache_read == Decimal("0.1")
    table.write_text("models: [1, 2]")
    with pytest.raises(InvalidInput, match="CCB_CLAUDE_PRICES"):
        AnthropicClaude(settings.model_copy(update={"prices": table}))


def request(*texts: str, marked: int) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text} for text in texts]
    blocks[marked]["cache_control"] = {"type": "ephemeral"}
    return {"model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": blocks}]}


def test_cache_entries_live_five_minutes_from_their_last_use() -> None:
    now = 0.0
    cache = PromptCache(clock=lambda: now)
    long = request("a" * 8000, "tail", marked=0)
    assert cache.charge("key", long).cache_creation_input_tokens > 1024
    now = 299.0
    hit = cache.charge("key", long)
    assert hit.cache_read_input_tokens > 1024
    assert hit.cache_creation_input_tokens == 0
    assert cache.charge("another key", long).cache_read_input_tokens == 0
    now = 598.0
    assert cache.charge("key", long).cache_read_input_tokens > 0
    now = 899.0
    assert cache.charge("key", long).cache_read_input_tokens == 0


def test_short_prefixes_and_far_ones_are_not_cached() -> None:
    cache = PromptCache()
    short = request("a" * 400, marked=0)
    assert cache.charge("key", short).cache_creation_input_tokens == 0
    cache.charge("key", request("b" * 8000, marked=0))
    near = request("b" * 8000, *(["x"] * 19), marked=19)
    far = request("b" * 8000, *(["y"] * 20), marked=20)
    assert cache.charge("key", near).cache_read_input_tokens > 1024
    assert cache.charge("key", far).cache_read_input_tokens == 0


def test_a_fifth_breakpoint_is_refused() -> None:
    body = request(*"abcde", marked=0) | {"max_tokens": 10}
    for block in body["messages"][0]["content"]:
        block["cache_control"] = {"type": "ephemeral"}
    with pytest.raises(ApiError, match="maximum of 4"):
        check(body)


def test_a_bucket_fills_again() -> None:
    now = 0.0
    bucket = Bucket(60, clock=lambda: now)
    assert bucket.take(60) == 0
    assert bucket.take(1) == pytest.approx(1)
    now = 2.0
    assert bucket.take(1) == 0
