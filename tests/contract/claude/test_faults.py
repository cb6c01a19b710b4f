"""What goes wrong at Claude's, in our words: whether it may have been bought, and whether and when to try again."""

import socket
from collections.abc import Callable

import pytest

from adapters.claude.client import AnthropicClaude
from adapters.claude.settings import ClaudeSettings
from domain.conversation import Conversation, Piece, Text
from domain.errors import (
    CcbError,
    VendorError,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)
from simulators.kit import Simulators

Ask = Callable[..., Conversation]
LONG = [{"type": "text", "text": "word " * 400}]


def ignore(_: Piece) -> None:
    pass


async def bought(simulators: Simulators) -> int:
    return (await simulators.look("claude", "billing"))["requests"]


def error(kind: str, message: str = "No.") -> dict[str, object]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "kind", "headers", "expected", "retry_after"),
    [
        (429, "rate_limit_error", {"retry-after": "7"}, VendorRateLimited, 7.0),
        (429, "rate_limit_error", {}, VendorRateLimited, None),
        (529, "overloaded_error", {}, VendorUnavailable, None),
        (529, "overloaded_error", {"retry-after": "3"}, VendorRateLimited, 3.0),
        (503, "api_error", {}, VendorUnavailable, None),
        (500, "api_error", {}, VendorUnavailable, None),
        (504, "timeout_error", {}, VendorOutcomeUnknown, None),
        (400, "invalid_request_error", {}, VendorRejected, None),
        (403, "permission_error", {}, VendorRejected, None),
        (413, "request_too_large", {}, VendorRejected, None),
        (503, "api_error", {"retry-after": "2"}, VendorRateLimited, 2.0),
    ],
)
async def test_each_refusal_has_its_word(
    claude: AnthropicClaude,
    simulators: Simulators,
    ask: Ask,
    status: int,
    kind: str,
    headers: dict[str, str],
    expected: type[CcbError],
    retry_after: float | None,
) -> None:
    before = await bought(simulators)
    await simulators.fault("claude", "error", path="/v1/messages", status=status, headers=headers, body=error(kind))

    with pytest.raises(VendorError, match=kind) as caught:
        await claude.answer(ask(), on_piece=ignore)

    assert type(caught.value) is expected
    assert caught.value.retry_after == retry_after
    assert caught.value.details["status"] == status
    assert await bought(simulators) == before


async def test_a_refusal_is_tried_once(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    """Temporal owns retries: the SDK must not have its own."""
    since = await simulators.last("claude")
    await simulators.fault("claude", "error", status=529, body=error("overloaded_error"), times=5)
    with pytest.raises(VendorUnavailable):
        await claude.answer(ask(), on_piece=ignore)
    assert len(await simulators.journal("claude", since=since)) == 1


async def test_an_error_page_that_is_not_json(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    await simulators.fault("claude", "error", status=502, body="<html>Bad gateway</html>")
    with pytest.raises(VendorUnavailable):
        await claude.answer(ask(), on_piece=ignore)


async def test_a_wrong_key_says_what_to_do(settings: ClaudeSettings, ask: Ask) -> None:
    secret = "sk-ant-some-wrong-key"
    adapter = AnthropicClaude(ClaudeSettings(api_key=secret, base_url=settings.base_url))
    with pytest.raises(VendorRejected, match="CCB_CLAUDE_API_KEY was refused") as caught:
        await adapter.answer(ask(), on_piece=ignore)
    assert secret not in f"{caught.value.message} {caught.value.details}"
    assert secret not in repr(settings)
    with pytest.raises(VendorRejected, match="CCB_CLAUDE_API_KEY"):
        await adapter.count_tokens(ask())
    await adapter.close()


async def test_an_unknown_model_says_what_to_do(claude: AnthropicClaude, ask: Ask) -> None:
    with pytest.raises(VendorRejected, match="CCB_CLAUDE_MODEL"):
        await claude.answer(ask(model="claude-nothing-1"), on_piece=ignore)


async def test_nobody_listens(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    adapter = AnthropicClaude(ClaudeSettings(api_key="sk-ant-any-key", base_url=f"http://127.0.0.1:{port}"))
    with pytest.raises(VendorUnavailable, match="CCB_CLAUDE_BASE_URL"):
        await adapter.answer(ask(), on_piece=ignore)
    await adapter.close()


async def test_a_lost_reply_may_have_been_bought(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    await simulators.act("claude", "script", content=LONG)
    before = await bought(simulators)
    await simulators.fault("claude", "lose_reply", path="/v1/messages")
    with pytest.raises(VendorOutcomeUnknown):
        await claude.answer(ask(), on_piece=ignore)
    assert await bought(simulators) == before + 1


async def test_a_dropped_request_was_not_bought(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    before = await bought(simulators)
    await simulators.fault("claude", "drop", path="/v1/messages")
    with pytest.raises(VendorOutcomeUnknown):
        await claude.answer(ask(), on_piece=ignore)
    assert await bought(simulators) == before


async def test_after_a_fault_it_works_again(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    await simulators.act("claude", "script", entries=[{"error": {"type": "overloaded_error"}}, {"content": LONG}])
    with pytest.raises(VendorUnavailable):
        await claude.answer(ask(), on_piece=ignore)
    assert (await claude.answer(ask(), on_piece=ignore)).content == [Text(text="word " * 400)]
