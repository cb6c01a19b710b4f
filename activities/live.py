"""What a turn says while it says it: pieces gathered, made fit to be seen, written a few times a second.

Nothing depends on what is written here. A store that fails costs those who watch a gap, and the turn nothing.
"""

import asyncio
import contextlib
import logging
import re
from datetime import UTC, datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Literal, Self

from temporalio import activity

from domain.conversation import Answer, Conversation, Piece, Spent, TextPiece, ToolResult, ToolUse
from domain.errors import StorageUnavailable
from domain.live import LiveEntry
from domain.ports import Live
from domain.text import redact

MAX_TURN = 200_000
"""Characters of one turn that are shown; an answer of the usual greatest length has about half as many."""
MAX_RESULT = 300
"""Characters of a tool's result that are shown."""

_EVERY = 0.25
"""Seconds between two writes."""

_log = logging.getLogger("ccb.live")


class Telling:
    """Tells those who watch `run` about one attempt at one of its turns. An async context manager, in an activity."""

    def __init__(self, live: Live, run: str, turn: int, *, attempt: int) -> None:
        self._live = live
        self._about = {"run": run, "turn": turn, "attempt": attempt}
        self._waiting: list[LiveEntry] = []
        self._saying: tuple[Literal["text", "tool"], str] = ("text", "")
        self._words = _Words()
        self._received = 0
        self._over = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._add("turn")
        self._writer = asyncio.create_task(self._keep_writing())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._over.set()
        if self._writer is not None:
            await self._writer
        self._say(self._words.rest())
        await self._write()

    def results(self, conversation: Conversation) -> None:
        """What tools answered to the turn before: the beginnings of the results in the last message."""
        names = {
            block.id: block.name
            for message in conversation.messages[-2:]
            for block in message.content
            if isinstance(block, ToolUse)
        }
        for block in conversation.messages[-1].content:
            if isinstance(block, ToolResult):
                shown = redact(block.content)[:MAX_RESULT]
                self._add("result", name=names.get(block.tool_use_id, ""), text=shown, is_error=block.is_error)

    def piece(self, piece: Piece) -> None:
        """Take a piece of the answer, as it comes. It is only kept until the next write."""
        text = piece.text if isinstance(piece, TextPiece) else piece.json_text
        saying: tuple[Literal["text", "tool"], str]
        saying = ("text", "") if isinstance(piece, TextPiece) else ("tool", piece.name)
        begins = saying[0] == "tool" and not text
        if begins or saying != self._saying:
            self._say(self._words.rest())
            self._saying = saying
        if begins:
            self._add("tool", name=saying[1])
        self._words.add(text[: max(0, MAX_TURN - self._received)])
        self._received += len(text)

    def ended(self, answer: Answer, usd: Decimal, spent: Spent | None = None) -> None:
        """The turn is recorded: what it used, what it cost in US dollars, and what the run has spent so far."""
        self._say(self._words.rest())
        if self._received > MAX_TURN:
            self._add("text", text=f"\n[{self._received - MAX_TURN} characters more, not shown here]")
        self._add("end", stop_reason=answer.stop_reason, usage=answer.usage, usd=usd, spent=spent)

    async def _keep_writing(self) -> None:
        while not self._over.is_set():
            # Every step beats to say that its worker lives; this says how far the turn is.
            activity.heartbeat({"characters": self._received, "tool": self._saying[1]})
            self._say(self._words.shown())
            await self._write()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _EVERY)

    def _say(self, text: str) -> None:
        if text:
            self._add(self._saying[0], name=self._saying[1], text=text)

    def _add(self, kind: str, **what: Any) -> None:  # noqa: ANN401 - fields of LiveEntry, which checks them
        entry = LiveEntry.model_validate({"kind": kind, "at": datetime.now(UTC), **self._about, **what})
        self._waiting.append(entry)

    async def _write(self) -> None:
        entries, self._waiting = self._waiting, []
        if not entries:
            return
        try:
            await self._live.add(entries)
        except StorageUnavailable as error:
            # Not kept for later: they may have been written, and nobody is to read them twice.
            _log.warning("live entries lost", extra={"entries": len(entries), "error": error.message})


_LONGEST_KEY = 8_000
_LONGEST_WORD = 500
_WORD_AT_END = re.compile(r"[\w.+/=-]*\Z")
_KEY_OPEN = re.compile(r"-----BEGIN(?!.*-----END [A-Z ]*-----)", re.DOTALL)
_KEY_ENDS = re.compile(r"-----END [A-Z ]*-----\Z")


class _Words:
    """Text that comes in pieces, given out without credentials.

    A credential may lie across two pieces: a word is held back until it is whole, a key's block until its end. Longer
    ones than any credential is are let go.
    """

    def __init__(self) -> None:
        self._held = ""

    def add(self, text: str) -> None:
        # Half a surrogate pair, which JSON can name and UTF-8 cannot, is for no store and no screen.
        self._held += text.encode("utf-8", "replace").decode()

    def shown(self) -> str:
        """What can be given out now."""
        held = self._held
        found = _KEY_OPEN.search(held)
        whole = len(held)
        if found is not None and whole - found.start() <= _LONGEST_KEY:
            whole = found.start()
        elif (
            _KEY_ENDS.search(held) is None
            and (word := _WORD_AT_END.search(held)) is not None
            and whole - word.start() <= _LONGEST_WORD
        ):
            whole = word.start()
        self._held = held[whole:]
        return redact(held[:whole])

    def rest(self) -> str:
        """All there is."""
        held, self._held = self._held, ""
        return redact(held)
