"""A turn with Claude: reserved, bought, recorded before the step completes, and so never bought twice."""

from collections.abc import Callable
from decimal import Decimal

from temporalio import activity

from activities.store import load_conversation, save_conversation
from domain.conversation import Answer, Conversation, Message, Text, Turn, Usage
from domain.errors import VendorError, VendorOutcomeUnknown
from domain.ports import Artifacts, Books, Claude
from domain.steps import TakeTurn, TurnTaken


class ConversationActivities:
    def __init__(self, claude: Claude, books: Books, artifacts: Artifacts) -> None:
        self._claude = claude
        self._books = books
        self._artifacts = artifacts

    @activity.defn(name="claude.turn")
    async def turn(self, cmd: TakeTurn) -> TurnTaken:
        """Take turn `number` of run `run`; a turn found in the books is not bought again.

        Raises:
            BudgetExceeded: the worst case does not fit; nothing was bought.
        """
        turn = await self._books.find(cmd.run, cmd.number)
        if turn is None:
            turn = await self._buy(cmd, await load_conversation(self._artifacts, cmd.conversation))
        return TurnTaken(
            conversation=turn.conversation,
            tool_names=turn.tool_names,
            stop_reason=turn.stop_reason,
            spent=await self._books.spent(cmd.run),
        )

    async def _buy(self, cmd: TakeTurn, conversation: Conversation) -> Turn:
        price = self._claude.price(conversation.model)
        counted = await self._claude.count_tokens(conversation)
        # The dearest way the input can be billed is as a write to the cache.
        worst = Usage(cache_creation_input_tokens=counted, output_tokens=conversation.max_tokens)
        await self._books.reserve(
            cmd.run, cmd.number, tokens=worst.total_tokens, usd=price.cost(worst), budget=cmd.budget
        )
        try:
            answer = await self._claude.answer(conversation, on_progress=_progress())
        except VendorOutcomeUnknown:
            raise  # it may have been bought: the reservation stays until a retry settles it
        except VendorError:
            await self._books.release(cmd.run, cmd.number)
            raise
        return await self._record(cmd, conversation, answer, price.cost(answer.usage))

    async def _record(self, cmd: TakeTurn, conversation: Conversation, answer: Answer, usd: Decimal) -> Turn:
        content = answer.content or [Text(text="(no answer)")]
        grown = conversation.adding(Message(role="assistant", content=content))
        turn = Turn(
            run=cmd.run,
            number=cmd.number,
            conversation=await save_conversation(self._artifacts, grown),
            stop_reason=answer.stop_reason,
            tool_names=[use.name for use in answer.tool_uses],
            usage=answer.usage,
            usd=usd,
        )
        await self._books.record(turn)
        return turn


def _progress() -> Callable[[str], None]:
    """Counts what has come, for the heartbeat that the Temporal Web UI shows."""
    received = 0

    def on_piece(piece: str) -> None:
        nonlocal received
        received += len(piece)
        activity.heartbeat({"characters": received})

    return on_piece
