"""A turn with Claude: reserved, bought, recorded before the step completes, and so never bought twice."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from temporalio import activity

from activities.live import Telling
from activities.store import load_conversation, save_conversation
from domain.conversation import Answer, Conversation, Message, Price, Text, Turn, Usage
from domain.errors import StorageUnavailable, VendorError, VendorOutcomeUnknown, VendorRateLimited
from domain.ports import Artifacts, Books, Claude, Gate, Live
from domain.steps import TakeTurn, TurnTaken

_SLOWEST_RETRY = 10.0
_log = logging.getLogger(__name__)
Written = TypeVar("Written")


class ConversationActivities:
    def __init__(self, claude: Claude, books: Books, gate: Gate, live: Live, artifacts: Artifacts) -> None:
        self._claude = claude
        self._books = books
        self._gate = gate
        self._live = live
        self._artifacts = artifacts

    @activity.defn(name="claude.turn")
    async def turn(self, cmd: TakeTurn) -> TurnTaken:
        """Take turn `number` of run `run`; a turn found in the books is not bought again.

        Raises:
            BudgetExceeded: the worst case does not fit; nothing was bought.
            VendorRateLimited: Claude asked somebody to wait, which holds for everybody; nothing was bought.
        """
        turn = await self._books.find(cmd.run, cmd.number)
        if turn is None:
            turn = await self._admitted(cmd, await load_conversation(self._artifacts, cmd.conversation))
        return TurnTaken(
            conversation=turn.conversation,
            tool_names=turn.tool_names,
            stop_reason=turn.stop_reason,
            spent=await self._books.spent(cmd.run),
        )

    async def _admitted(self, cmd: TakeTurn, conversation: Conversation) -> Turn:
        """Buy it if Claude may be asked now. Whoever is told to wait closes the gate for all workers."""
        gate = f"claude/{conversation.model}"
        wait = await self._gate.wait(gate)
        if wait > 0:
            raise VendorRateLimited(
                f"Claude asked us to wait for {wait:.0f} seconds more.",
                # Spread, so that those who wait do not all come at once.
                retry_after=wait + random.uniform(0, 0.5 + wait / 10),  # noqa: S311 - no secret
                vendor="claude",
            )
        try:
            return await self._buy(cmd, conversation, gate)
        except VendorRateLimited as error:
            if error.retry_after:
                await self._gate.close(gate, datetime.now(UTC) + timedelta(seconds=error.retry_after))
            raise

    async def _buy(self, cmd: TakeTurn, conversation: Conversation, gate: str) -> Turn:
        price = self._claude.price(conversation.model)
        attempt = activity.info().attempt
        counted = await self._claude.count_tokens(conversation)
        # The dearest way the input can be billed is as a write to the cache.
        worst = Usage(cache_creation_input_tokens=counted, output_tokens=conversation.max_tokens)
        await self._books.reserve(
            cmd.run,
            cmd.number,
            organization_id=cmd.organization_id,
            tokens=worst.total_tokens,
            usd=price.cost(worst),
            budget=cmd.budget,
            attempt=attempt,
        )
        async with Telling(self._live, cmd.live or cmd.run, cmd.number, attempt=attempt) as telling:
            telling.results(conversation)
            try:
                answer = await self._claude.answer(
                    conversation, on_piece=telling.piece, on_exhausted=lambda until: self._exhausted(gate, until)
                )
            except VendorError as error:
                await self._settle(cmd, price, error, attempt)
                raise
            turn = await _patiently(lambda: self._record(cmd, conversation, answer, price))
            telling.ended(answer, turn.usd, await self._books.spent(cmd.run))
        return turn

    async def _settle(self, cmd: TakeTurn, price: Price, error: VendorError, attempt: int) -> None:
        """What an attempt cost that brought nothing. Where nobody knows, the reservation stays for the next one."""
        if "usage" in error.details:
            usage = Usage.model_validate(error.details["usage"])
            tokens, usd = usage.total_tokens, price.cost(usage)
            await _patiently(lambda: self._books.lose(cmd.run, cmd.number, tokens=tokens, usd=usd, attempt=attempt))
        elif not isinstance(error, VendorOutcomeUnknown):
            await self._books.release(cmd.run, cmd.number, attempt=attempt)

    async def _exhausted(self, gate: str, until: datetime) -> None:
        try:
            await self._gate.close(gate, until)
        except StorageUnavailable as error:
            # The answer under way is worth more: whoever asks next is told to wait by Claude itself.
            _log.warning("gate not closed", extra={"gate": gate, "error": error.message})

    async def _record(self, cmd: TakeTurn, conversation: Conversation, answer: Answer, price: Price) -> Turn:
        content = answer.content or [Text(text="(no answer)")]
        grown = conversation.adding(Message(role="assistant", content=content))
        turn = Turn(
            run=cmd.run,
            number=cmd.number,
            message_id=answer.message_id,
            conversation=await save_conversation(self._artifacts, grown),
            stop_reason=answer.stop_reason,
            tool_names=[use.name for use in answer.tool_uses],
            usage=answer.usage,
            usd=price.cost(answer.usage),
        )
        return await self._books.record(turn)


async def _patiently(write: Callable[[], Awaitable[Written]]) -> Written:
    """What was paid for is not lost because a store is away for a while: only the step's own limit ends this."""
    delay = 0.5
    while True:
        try:
            return await write()
        except StorageUnavailable as error:
            _log.warning("what was bought is not stored yet", extra={"error": error.message, "seconds": delay})
        await asyncio.sleep(delay)
        delay = min(2 * delay, _SLOWEST_RETRY)
