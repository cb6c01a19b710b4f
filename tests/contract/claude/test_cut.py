"""Streams that are cut: what came is kept, what it cost is known, and the vendor's bill is never above it."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.claude.client import AnthropicClaude
from adapters.claude.settings import ClaudeSettings
from domain.conversation import Conversation, Message, Piece, Text, TextPiece, Thinking, Tool, ToolResult, Usage
from domain.errors import VendorOutcomeUnknown
from simulators.kit import Simulators

Ask = Callable[..., Conversation]
LONG = {"type": "text", "text": "word " * 400}
WRITE = Tool(name="write_file", description="Write.", input_schema={"type": "object"})


def call(number: int) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": f"toolu_{number}",
        "name": "write_file",
        "input": {"path": f"{number}.py", "content": "x = 1\n" * 200},
    }


def ignore(_: Piece) -> None:
    pass


async def billed(simulators: Simulators) -> dict[str, int]:
    return await simulators.look("claude", "billing")


def covers(usage: Usage, before: dict[str, int], after: dict[str, int]) -> None:
    """Input exactly, output at least."""
    told = usage.model_dump()
    for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"):
        assert told[name] == after[name] - before[name]
    assert told["output_tokens"] >= after["output_tokens"] - before["output_tokens"] > 0
    assert after["cut"] == before["cut"] + 1


async def test_whole_tool_calls_before_the_cut_are_kept(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask
) -> None:
    content = [{"type": "text", "text": "I write."}, call(1), call(2), call(3)]
    await simulators.act(
        "claude", "script", entries=[{"content": content, "drop_after_blocks": 3}, {"content": [LONG]}]
    )
    before = await billed(simulators)
    asked = ask(tools=[WRITE])

    answer = await claude.answer(asked, on_piece=ignore)

    assert answer.stop_reason == "interrupted"
    assert answer.content[0] == Text(text="I write.")
    assert [use.id for use in answer.tool_uses] == ["toolu_1", "toolu_2"]
    after = await billed(simulators)
    covers(answer.usage, before, after)
    assert after["output_tokens"] - before["output_tokens"] < 1200  # the bill is for what was streamed
    results = [ToolResult(tool_use_id=use.id, content="Written.") for use in answer.tool_uses]
    grown = asked.adding(Message(role="assistant", content=answer.content), Message(role="user", content=list(results)))
    assert (await claude.answer(grown, on_piece=ignore)).stop_reason == "end_turn"


@pytest.mark.parametrize(
    "fault",
    [
        {"drop_after_events": 8},
        {"error": {"type": "overloaded_error"}, "error_after_events": 8},
        {"stall_after_events": 8},
        {"ping_after_events": 8},
    ],
    ids=lambda fault: next(iter(sorted(fault, reverse=True))),
)
async def test_half_a_text_is_kept(
    settings: ClaudeSettings, simulators: Simulators, ask: Ask, fault: dict[str, Any]
) -> None:
    """However the stream ends: a drop, an error, a silence, or pings without end."""
    impatient = AnthropicClaude(settings.model_copy(update={"timeout": 0.4, "answer_timeout": 1.0}))
    await simulators.act("claude", "script", content=[LONG], **fault)
    before = await billed(simulators)
    pieces: list[Piece] = []

    answer = await impatient.answer(ask(), on_piece=pieces.append)

    said = "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))
    assert answer.stop_reason == "interrupted"
    assert answer.content == [Text(text=said)]
    assert 0 < len(said) < len(LONG["text"])
    covers(answer.usage, before, await billed(simulators))
    await impatient.close()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ([call(1)], {"drop_after_blocks": 0}),
        ([LONG], {"drop_after_events": 1}),
        ([{"type": "thinking", "thinking": "Hm. " * 50, "signature": "c2ln"}, call(1)], {"drop_after_blocks": 1}),
    ],
    ids=["half-a-call", "nothing", "thinking-alone"],
)
async def test_what_cannot_be_used_has_a_price(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask, content: list[dict[str, Any]], fault: dict[str, Any]
) -> None:
    await simulators.act("claude", "script", content=content, **fault)
    before = await billed(simulators)
    with pytest.raises(VendorOutcomeUnknown) as caught:
        await claude.answer(ask(tools=[WRITE]), on_piece=ignore)
    covers(Usage.model_validate(caught.value.details["usage"]), before, await billed(simulators))


async def test_a_cut_before_the_answer_says_nothing_of_its_price(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask
) -> None:
    await simulators.act("claude", "script", content=[LONG], drop_after_events=0)
    with pytest.raises(VendorOutcomeUnknown) as caught:
        await claude.answer(ask(), on_piece=ignore)
    assert "usage" not in caught.value.details


async def test_thinking_that_was_cut_short_is_charged_at_its_most(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask
) -> None:
    """The stream shows less of it than is billed, so nothing below the longest answer is sure to be enough."""
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    await simulators.act("claude", "script", content=[thought, LONG], drop_after_blocks=1)
    answer = await claude.answer(ask(), on_piece=ignore)
    assert answer.content[0] == Thinking(thinking="Hm.", signature="c2ln")
    assert answer.usage.output_tokens == ask().max_tokens


async def test_output_is_covered_though_it_cannot_be_counted(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask
) -> None:
    await simulators.fault("claude", "error", path="count_tokens", status=500)
    await simulators.act("claude", "script", content=[LONG], drop_after_events=8)
    before = await billed(simulators)
    answer = await claude.answer(ask(), on_piece=ignore)
    covers(answer.usage, before, await billed(simulators))


async def test_an_answer_that_lacks_only_its_last_event_is_whole(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask
) -> None:
    short = {"type": "text", "text": "Good."}  # start, block, ping, delta, stop, message_delta
    await simulators.act("claude", "script", content=[short], drop_after_events=6)
    answer = await claude.answer(ask(), on_piece=ignore)
    assert (answer.stop_reason, answer.content) == ("end_turn", [Text(text="Good.")])
