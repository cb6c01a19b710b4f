"""Claude, by Anthropic's own SDK: streamed, with prompt caching, without the SDK's retries (Temporal owns retries)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import anthropic
from anthropic import types

from adapters.claude import errors, limits, prices, wire
from adapters.claude.reading import Reading
from adapters.claude.settings import ClaudeSettings
from domain.conversation import Answer, Conversation, Piece, Price
from domain.errors import VendorError, VendorOutcomeUnknown, VendorRejected

_CONNECT_SECONDS = 10.0
_FRAME = 50
"""Tokens, more than enough, for what stands around a block that is counted by its text."""


class AnthropicClaude:
    """Implements `domain.ports.Claude`.

    The `thinking` setting is left out: the newer models refuse to have it turned off, and their thinking blocks go back
    unchanged in the next turn.
    """

    def __init__(self, settings: ClaudeSettings) -> None:
        """Raises InvalidInput if the price table cannot be read."""
        self._prices = prices.load(settings.prices)
        self._longest = settings.answer_timeout
        self._client = anthropic.AsyncAnthropic(
            api_key=settings.api_key.get_secret_value(),
            base_url=settings.base_url,
            max_retries=0,
            # The read timeout ends a silence: while Claude thinks, pings keep the connection from being silent.
            timeout=anthropic.Timeout(settings.timeout, connect=min(_CONNECT_SECONDS, settings.timeout)),
        )

    def price(self, model: str) -> Price:
        return self._prices.price(model)

    async def count_tokens(self, conversation: Conversation) -> int:
        with errors.before_the_answer():
            counted = await self._client.messages.count_tokens(**wire.request(conversation))
        return counted.input_tokens

    async def answer(
        self,
        conversation: Conversation,
        *,
        on_piece: Callable[[Piece], None],
        on_exhausted: Callable[[datetime], Awaitable[None]] | None = None,
    ) -> Answer:
        """One turn.

        Raises:
            VendorOutcomeUnknown: the answer was cut before anything usable came. If `usage` is in the details, that is
                what it cost; else it may have been billed.
            VendorRejected: with `usage` in the details, Claude answered with what this version does not know.
        """
        reading = Reading(on_piece)
        with errors.before_the_answer():
            stream = await self._client.messages.create(
                max_tokens=conversation.max_tokens, stream=True, **wire.request(conversation)
            )
        async with stream:
            until = limits.exhausted_until(stream.response.headers)
            if until is not None and on_exhausted is not None:
                await on_exhausted(until)
            cut = await self._read(stream, reading)
        if not reading.ended:
            return await self._interrupted(conversation, reading, cut)
        try:
            return reading.answer()
        except VendorRejected as error:
            error.details |= {"usage": reading.usage.model_dump()}
            raise

    async def _read(
        self, stream: anthropic.AsyncStream[types.RawMessageStreamEvent], reading: Reading
    ) -> VendorOutcomeUnknown:
        """Read to the end, or to the cut; what is to be said if the answer is not whole by then."""
        try:
            with errors.within_the_answer():
                async with asyncio.timeout(self._longest):
                    async for event in stream:
                        reading.take(event)
        except VendorOutcomeUnknown as error:
            return error
        return VendorOutcomeUnknown("Claude's answer ended in the middle.", vendor="claude")

    async def _interrupted(self, conversation: Conversation, reading: Reading, cut: VendorOutcomeUnknown) -> Answer:
        """Keep what came: it was paid for."""
        if not reading.begun:
            raise cut
        usage = reading.usage.model_copy(update={"output_tokens": await self._output_tokens(conversation, reading)})
        answer = reading.interrupted(usage)
        if answer is None:
            cut.details |= {"usage": usage.model_dump()}
            raise cut
        return answer

    async def _output_tokens(self, conversation: Conversation, reading: Reading) -> int:
        """At least what is billed of an answer that was cut, since its own count comes at the end only."""
        if reading.thought:
            return conversation.max_tokens
        said = [part for part in reading.said if part.strip()]
        counted = await self._counted(conversation.model, said) if said else 0
        return min(max(reading.usage.output_tokens, counted + _FRAME * len(said)), conversation.max_tokens)

    async def _counted(self, model: str, said: list[str]) -> int:
        content: list[types.TextBlockParam] = [{"type": "text", "text": part} for part in said]
        try:
            with errors.before_the_answer():
                counted = await self._client.messages.count_tokens(
                    model=model, messages=[{"role": "user", "content": content}]
                )
        except VendorError:
            # The connection that was cut may not be back yet. No token is shorter than a byte.
            return sum(len(part.encode()) for part in said)
        return counted.input_tokens

    async def close(self) -> None:
        await self._client.close()
