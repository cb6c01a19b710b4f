"""Claude, by Anthropic's own SDK: streamed, with prompt caching, without the SDK's retries (Temporal owns retries)."""

from collections.abc import Callable
from contextlib import AsyncExitStack

import anthropic

from adapters.claude import errors, prices, wire
from adapters.claude.settings import ClaudeSettings
from domain.conversation import Answer, Conversation, Price
from domain.errors import VendorOutcomeUnknown

_CONNECT_SECONDS = 10.0


class AnthropicClaude:
    """Implements `domain.ports.Claude`.

    The `thinking` setting is left out: the newer models refuse to have it turned off, and their thinking blocks go back
    unchanged in the next turn.
    """

    def __init__(self, settings: ClaudeSettings) -> None:
        """Raises InvalidInput if the price table cannot be read."""
        self._prices = prices.load(settings.prices)
        self._client = anthropic.AsyncAnthropic(
            api_key=settings.api_key.get_secret_value(),
            base_url=settings.base_url,
            max_retries=0,
            # The read timeout ends a stall: while Claude thinks, pings keep the connection from being silent.
            timeout=anthropic.Timeout(settings.timeout, connect=min(_CONNECT_SECONDS, settings.timeout)),
        )

    def price(self, model: str) -> Price:
        return self._prices.price(model)

    async def count_tokens(self, conversation: Conversation) -> int:
        with errors.before_the_answer():
            counted = await self._client.messages.count_tokens(**wire.request(conversation))
        return counted.input_tokens

    async def answer(self, conversation: Conversation, *, on_progress: Callable[[str], None]) -> Answer:
        """One turn. Raises VendorOutcomeUnknown if the stream is cut: the tokens may have been billed."""
        async with AsyncExitStack() as stack:
            with errors.before_the_answer():
                stream = await stack.enter_async_context(
                    self._client.messages.stream(max_tokens=conversation.max_tokens, **wire.request(conversation))
                )
            finished = False
            with errors.within_the_answer():
                async for event in stream:
                    if event.type == "text":
                        on_progress(event.text)
                    elif event.type == "input_json":
                        on_progress(event.partial_json)
                    elif event.type == "message_stop":
                        finished = True
            if not finished:
                raise VendorOutcomeUnknown("Claude's answer ended in the middle.", vendor="claude")
            return wire.answer(stream.current_message_snapshot)

    async def close(self) -> None:
        await self._client.close()
