"""What a request costs in tokens, with prompt caching by the published rules, and the ledger of what was bought.

Tokens are an estimate that depends on nothing but the text: one for four characters of UTF-8. Caching
(https://platform.claude.com/docs/en/build-with-claude/prompt-caching): the prefix runs tools, system, messages; an
entry is written at each breakpoint from 1,024 tokens on; a breakpoint finds entries up to 20 blocks back; entries
live five minutes from their last use and are kept per key and model, in memory only.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.claude.validation import blocks

MINIMUM_TOKENS = 1024
LOOKBACK_BLOCKS = 20
TTL_SECONDS = 300.0


def tokens_of(value: object) -> int:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return -(-len(text.encode()) // 4)


@dataclass(frozen=True)
class Usage:
    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int = 0

    @property
    def total_input(self) -> int:
        return self.input_tokens + self.cache_creation_input_tokens + self.cache_read_input_tokens

    def as_json(self, output_tokens: int) -> dict[str, object]:
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": self.cache_creation_input_tokens,
            "cache_read_input_tokens": self.cache_read_input_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.cache_creation_input_tokens,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": output_tokens,
            "service_tier": "standard",
        }


def _prefix(request: dict[str, Any]) -> Iterator[tuple[str, int, bool]]:
    """(where it stands and what it says, tokens, is a breakpoint) of each block, in prefix order."""
    parts = [("tools", tool) for tool in request.get("tools") or []]
    parts += [("system", block) for block in blocks(request.get("system") or [])]
    for message in request["messages"]:
        parts += [(message["role"], block) for block in blocks(message["content"])]
    for place, block in parts:
        said = {name: value for name, value in block.items() if name != "cache_control"}
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        counted = said.get("text") if said.get("type") == "text" else text
        yield f"{place}\0{text}", tokens_of(counted) + 3, bool(block.get("cache_control"))


def count(request: dict[str, Any]) -> int:
    """Input tokens of a request."""
    return sum(tokens for _, tokens, _ in _prefix(request))


@dataclass
class PromptCache:
    """Cached prefixes, by a hash of key, model and everything up to the breakpoint."""

    clock: Callable[[], float] = time.monotonic
    _expiry: dict[bytes, float] = field(default_factory=dict)

    def look(self, key: str, request: dict[str, Any]) -> Usage:
        """What this request would cost now; nothing is written."""
        return self._measure(key, request)[0]

    def charge(self, key: str, request: dict[str, Any]) -> Usage:
        """Read and write the cache as this request does; `output_tokens` is not known yet."""
        usage, used = self._measure(key, request)
        self._expiry |= dict.fromkeys(used, self.clock() + TTL_SECONDS)
        return usage

    def _measure(self, key: str, request: dict[str, Any]) -> tuple[Usage, list[bytes]]:
        """The cost, and the entries that are read or written."""
        now = self.clock()
        self._expiry = {digest: until for digest, until in self._expiry.items() if until > now}
        hasher = hashlib.sha256(f"{key}\0{request['model']}".encode())
        digests: list[bytes] = []
        totals: list[int] = []
        breakpoints: list[int] = []
        total = 0
        for index, (text, tokens, marked) in enumerate(_prefix(request)):
            hasher.update(text.encode())
            total += tokens
            digests.append(hasher.copy().digest())
            totals.append(total)
            if marked and total >= MINIMUM_TOKENS:
                breakpoints.append(index)
        hit = self._longest_hit(digests, breakpoints)
        read = totals[hit] if hit is not None else 0
        written = max(totals[breakpoints[-1]] - read, 0) if breakpoints else 0
        used = [digests[index] for index in [*breakpoints, *([hit] if hit is not None else [])]]
        return Usage(total - read - written, written, read), used

    def _longest_hit(self, digests: list[bytes], breakpoints: list[int]) -> int | None:
        candidates = {index for mark in breakpoints for index in range(max(mark - LOOKBACK_BLOCKS + 1, 0), mark + 1)}
        return max((index for index in candidates if digests[index] in self._expiry), default=None)


class Ledger:
    """Every message that was billed, whether or not its answer arrived. Survives a restart."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing without syncing; only a machine that loses power does.
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, model TEXT, at REAL, input_tokens INT,"
            " cache_creation_input_tokens INT, cache_read_input_tokens INT, output_tokens INT, cut INT DEFAULT 0)"
        )

    def begin(self, message_id: str, model: str, usage: Usage) -> None:
        """An answer begins: its input is billed, and the first token."""
        self._db.execute(
            "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, 1, 0)",
            (
                message_id,
                model,
                time.time(),
                usage.input_tokens,
                usage.cache_creation_input_tokens,
                usage.cache_read_input_tokens,
            ),
        )

    def end(self, message_id: str, output_tokens: int, *, cut: bool) -> None:
        """It ended, or its stream was cut: what was generated until then is billed."""
        self._db.execute(
            "UPDATE message SET output_tokens = ?, cut = ? WHERE id = ?", (output_tokens, int(cut), message_id)
        )

    def totals(self) -> dict[str, int]:
        names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens", "cut")
        sums = ", ".join(f"COALESCE(SUM({name}), 0)" for name in names)
        row = self._db.execute(f"SELECT COUNT(*), {sums} FROM message").fetchone()  # noqa: S608 - names are literals
        return dict(zip(("requests", *names), row, strict=True))
