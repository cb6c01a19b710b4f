"""Claude's bill against the books: what was bought twice, and whether it could have been helped."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.faults.chaos.judging import Finding
from tests.faults.chaos.seen import Json, Seen

_TOKENS: Final = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
_NEAR: Final = 30.0
"""Seconds between a request's arrival and its bill, at most: a request may be held for a while."""


@dataclass(frozen=True)
class Kill:
    part: str
    at: float


@dataclass(frozen=True)
class Bill:
    """`lost` are answers that never reached us whole: each may be bought again, by the documents' own word."""

    findings: list[Finding]
    lost: int
    lost_tokens: int


def checked(seen: Seen, kills: Sequence[Kill]) -> Bill:
    """Every message billed is in the books by its id; what is not was lost on the way, or is paid twice."""
    booked = {
        json.loads(row["document"])["message_id"]
        for row in seen.tables["turns"]
        if row["document"] and json.loads(row["document"])
    }
    findings: list[Finding] = []
    lost = lost_tokens = 0
    for number, message in enumerate(seen.billed):
        if message["id"] in booked:
            continue
        tokens = sum(int(message[kind]) for kind in _TOKENS)
        if why := _lost(message, seen, kills):
            lost, lost_tokens = lost + 1, lost_tokens + tokens
        else:
            what = f"message {number + 1} ({message['id']}) was billed, arrived, and is not in the books{why}"
            findings.append(Finding("paid twice", what, amount=tokens))
    in_books = sum(int(row["tokens"]) for row in seen.tables["turns"] if row["document"])
    billed = sum(int(each[kind]) for each in seen.billed if each["id"] in booked for kind in _TOKENS)
    if in_books != billed:
        what = f"the turns in the books say {in_books} tokens, the bill for them {billed}"
        findings.append(Finding("paid twice", what, amount=abs(in_books - billed)))
    return Bill(findings, lost, lost_tokens)


def _lost(message: Json, seen: Seen, kills: Sequence[Kill]) -> str:
    """Why its answer never reached the books: it was cut, lost on the way, or its buyer died before it could write."""
    if message["cut"]:
        return "its stream was cut"
    asked = _request(message, seen)
    if asked is None:
        return ""
    if asked["fault"] in {"drop", "lose_reply"}:
        return "its reply was lost"
    again = [
        each["time"]
        for each in seen.asked_claude
        if each["body"] == asked["body"] and each["number"] > asked["number"] and each["status"] == 200
    ]
    until = min(again, default=float("inf"))
    if any(kill.part.startswith("workers") and asked["time"] <= kill.at <= until for kill in kills):
        return "its buyer was killed"
    return ""


def _request(message: Json, seen: Seen) -> Json | None:
    """The request that this message answers: the one that was billed at that moment."""
    before = [
        each
        for each in seen.asked_claude
        if each["status"] == 200
        and 0 <= message["at"] - each["time"] <= _NEAR
        and each["path"].endswith("/v1/messages")
    ]
    return min(before, key=lambda each: message["at"] - each["time"], default=None)
