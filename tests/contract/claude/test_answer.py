"""A turn of Claude: streamed, translated, and cached as the conversation grows."""

import json
from collections.abc import Callable

import anthropic
import pytest

from adapters.claude.client import AnthropicClaude
from domain.conversation import (
    UNREADABLE,
    Conversation,
    Message,
    Piece,
    Text,
    TextPiece,
    Thinking,
    Tool,
    ToolPiece,
    ToolResult,
    ToolUse,
)
from domain.errors import VendorRejected
from simulators.kit import Simulators

Ask = Callable[..., Conversation]
SEARCH = Tool(
    name="search_operations",
    description="Find operations.",
    input_schema={"type": "object", "properties": {"query": {"type": "string"}}},
)


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def ignore(_: Piece) -> None:
    pass


async def test_text_comes_in_pieces_and_is_whole(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    said = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. " * 20
    await simulators.act("claude", "script", content=[text(said)])
    pieces: list[Piece] = []

    answer = await claude.answer(ask(), on_piece=pieces.append)

    assert answer.content == [Text(text=said)]
    assert answer.stop_reason == "end_turn"
    assert answer.model == "claude-sonnet-5-5"
    assert len(pieces) > 5
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextPiece)) == said


async def test_what_is_reported_is_what_was_billed(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    before = await simulators.look("claude", "billing")
    await simulators.act("claude", "script", content=[text("Good.")])

    answer = await claude.answer(ask("What is to be done?"), on_piece=ignore)

    after = await simulators.look("claude", "billing")
    assert after["requests"] - before["requests"] == 1
    for name, value in answer.usage.model_dump().items():
        assert after[name] - before[name] == value
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0


async def test_a_tool_is_asked_for_and_answered(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "search_operations", "input": {"query": 'a "b" \n ü' * 40}}
    await simulators.act(
        "claude", "script", entries=[{"content": [text("I look."), use]}, {"content": [text("Done.")]}]
    )
    pieces: list[Piece] = []
    asked = ask(tools=[SEARCH])

    first = await claude.answer(asked, on_piece=pieces.append)
    assert first.stop_reason == "tool_use"
    assert first.tool_uses == [ToolUse(id="toolu_1", name="search_operations", input={"query": 'a "b" \n ü' * 40})]
    calls = [piece for piece in pieces if isinstance(piece, ToolPiece)]
    assert calls[0] == ToolPiece(name="search_operations")
    assert all(piece.json_text for piece in calls[1:])
    assert json.loads("".join(piece.json_text for piece in calls)) == first.tool_uses[0].input

    result = ToolResult(tool_use_id="toolu_1", content="GET /a", is_error=False)
    grown = asked.adding(
        Message(role="assistant", content=first.content), Message(role="user", content=[result, Text(text="Go on.")])
    )
    assert (await claude.answer(grown, on_piece=ignore)).content == [Text(text="Done.")]


async def test_a_tool_use_without_its_result_is_refused(claude: AnthropicClaude, ask: Ask) -> None:
    use = ToolUse(id="toolu_9", name="search_operations", input={})
    broken = ask(tools=[SEARCH]).adding(
        Message(role="assistant", content=[use]), Message(role="user", content=[Text(text="And?")])
    )
    with pytest.raises(VendorRejected, match="toolu_9"):
        await claude.answer(broken, on_piece=ignore)


async def test_thinking_goes_back_unchanged(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    await simulators.act("claude", "script", entries=[{"content": [thought, text("Yes.")]}, {"content": [text("No.")]}])

    first = await claude.answer(ask(), on_piece=ignore)
    assert first.content == [Thinking(thinking="Hm.", signature="c2ln"), Text(text="Yes.")]

    since = await simulators.last("claude")
    grown = ask().adding(
        Message(role="assistant", content=first.content), Message(role="user", content=[Text(text="Sure?")])
    )
    await claude.answer(grown, on_piece=ignore)
    (sent,) = await simulators.journal("claude", since=since)
    assert '"signature":"c2ln"' in sent.body.replace(" ", "")


async def test_an_empty_answer_can_be_built_on(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    await simulators.act("claude", "script", entries=[{"content": []}, {"content": [text("Here.")]}])
    first = await claude.answer(ask(), on_piece=ignore)
    assert first.content == []
    grown = ask().adding(
        Message(role="assistant", content=[Text(text="")]), Message(role="user", content=[Text(text="Hello?")])
    )
    assert (await claude.answer(grown, on_piece=ignore)).content == [Text(text="Here.")]


async def test_an_answer_cut_at_the_limit_says_so(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    write = {
        "type": "tool_use",
        "id": "toolu_2",
        "name": "write_file",
        "input": {"path": "a.py", "content": "x" * 4000},
    }
    await simulators.act("claude", "script", content=[write])

    answer = await claude.answer(ask(max_tokens=50), on_piece=ignore)

    assert answer.stop_reason == "max_tokens"
    assert answer.usage.output_tokens == 50
    assert answer.tool_uses[0].unreadable  # half a file is not taken for a whole one


async def test_a_refusal_is_an_answer(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    await simulators.act("claude", "script", content=[text("I will not.")], stop_reason="refusal")
    assert (await claude.answer(ask(), on_piece=ignore)).stop_reason == "refusal"


async def test_an_unknown_block_is_refused_by_name(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    await simulators.act("claude", "script", content=[{"type": "redacted_thinking", "data": "x"}])
    with pytest.raises(VendorRejected, match="redacted_thinking") as caught:
        await claude.answer(ask(), on_piece=ignore)
    assert caught.value.details["usage"]["input_tokens"] > 0  # it was paid for all the same


@pytest.mark.parametrize("raw", ["{bad", "[1, 2]", '{"query": NaN}', '{"query": "\\ud800"}', '{"query": "x"'])
async def test_input_that_is_no_object_is_kept_as_it_came(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask, raw: str
) -> None:
    """It was paid for: Claude is told what is wrong with it, and the conversation goes on."""
    use = {"type": "tool_use", "id": "toolu_3", "name": "search_operations", "input": {}, "raw_input": raw}
    await simulators.act("claude", "script", entries=[{"content": [use]}, {"content": [text("Again.")]}])
    asked = ask(tools=[SEARCH])

    first = await claude.answer(asked, on_piece=ignore)

    assert first.tool_uses == [ToolUse(id="toolu_3", name="search_operations", input={UNREADABLE: raw})]
    assert first.tool_uses[0].unreadable
    grown = asked.adding(
        Message(role="assistant", content=first.content),
        Message(role="user", content=[ToolResult(tool_use_id="toolu_3", content="Not JSON.", is_error=True)]),
    )
    assert (await claude.answer(grown, on_piece=ignore)).content == [Text(text="Again.")]


async def test_tokens_are_counted_as_they_are_billed(claude: AnthropicClaude, simulators: Simulators, ask: Ask) -> None:
    asked = ask("Count me. " * 50, tools=[SEARCH])
    await simulators.act("claude", "script", content=[text("ok")])
    counted = await claude.count_tokens(asked)
    usage = (await claude.answer(asked, on_piece=ignore)).usage
    assert counted == usage.total_tokens - usage.output_tokens


@pytest.mark.parametrize("tools_a_turn", [1, 15])
async def test_a_growing_conversation_is_read_from_the_cache(
    claude: AnthropicClaude, simulators: Simulators, ask: Ask, tools_a_turn: int
) -> None:
    """From the second turn on all that was sent before is read, also if a turn adds more blocks than a lookback."""
    system = [f"Rules of {tools_a_turn}. " * 1000, f"The plan {tools_a_turn}. " * 300]
    conversation = ask("Build it, please.", system=system, tools=[SEARCH])
    sent = 0
    for turn in range(4):
        uses = [
            {"type": "tool_use", "id": f"toolu_{turn}_{n}", "name": "search_operations", "input": {"query": "x"}}
            for n in range(tools_a_turn)
        ]
        await simulators.act("claude", "script", content=uses)
        answer = await claude.answer(conversation, on_piece=ignore)
        usage = answer.usage
        total = usage.total_tokens - usage.output_tokens
        if turn == 0:
            assert usage.cache_read_input_tokens == 0
            assert usage.cache_creation_input_tokens > 1024
        else:
            assert usage.cache_read_input_tokens == sent
            assert usage.cache_read_input_tokens >= 0.8 * total
        sent = total
        results = [ToolResult(tool_use_id=use.id, content="GET /a | a | A") for use in answer.tool_uses]
        conversation = conversation.adding(
            Message(role="assistant", content=answer.content), Message(role="user", content=list(results))
        )


async def test_streamed_or_not_it_is_the_same_message(simulators: Simulators) -> None:
    """The simulator's two forms agree, read by the vendor's own SDK."""
    content = [text("Hello."), {"type": "tool_use", "id": "toolu_5", "name": "go", "input": {"deep": [1, {"a": None}]}}]
    await simulators.act("claude", "script", entries=[{"content": content}, {"content": content}])
    key = simulators.config["claude"]["api_key"]
    async with anthropic.AsyncAnthropic(api_key=key, base_url=simulators.claude_url, max_retries=0) as client:
        hello: anthropic.types.MessageParam = {"role": "user", "content": "Hi"}
        whole = await client.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=[hello])
        async with client.messages.stream(model="claude-haiku-4-5", max_tokens=100, messages=[hello]) as stream:
            streamed = await stream.get_final_message()
        models = [model.id async for model in client.models.list()]
    ignored = {"id", "usage", "parsed_output"}
    assert whole.to_dict(exclude_unset=False).keys() >= {"content", "stop_reason", "usage"}
    assert [b.model_dump(exclude=ignored) for b in whole.content] == [
        b.model_dump(exclude=ignored) for b in streamed.content
    ]
    assert whole.stop_reason == streamed.stop_reason == "tool_use"
    assert whole.usage == streamed.usage
    assert "claude-sonnet-5-5" in models
