"""What people ask for in review, as far as a few plain patterns go; the rest is noted in the README."""

import re

from simulators.claude.brain.naming import ascii_text, snake
from simulators.claude.brain.operations import Wishes
from simulators.claude.brain.reading import UNTRUSTED, Facts

_NUMBER = r"(\d{1,6})\b"
_QUOTE = "[\"'`\u201c\u201d]"
_TITLE = re.compile(
    rf"\b(?:title|rename)\b[^\"'`\u201c\n]{{0,40}}{_QUOTE}([^\"'`\u201c\u201d\n]{{1,80}}){_QUOTE}", re.IGNORECASE
)
_TIMEOUT = re.compile(r"\btimeout\b\D{0,30}?(\d{1,3}(?:\.\d+)?)\s*(?:s\b|seconds?)", re.IGNORECASE)
_HEADER = re.compile(
    rf"\bheader\b\s*{_QUOTE}?([A-Za-z][A-Za-z0-9-]{{1,60}})\s*[:=]\s*([A-Za-z0-9 ./_+;=-]{{1,100}})", re.IGNORECASE
)
_DEFAULT = re.compile(
    rf"\bdefault\s+(?:for\s+|of\s+)?{_QUOTE}?([A-Za-z_][A-Za-z_ -]{{1,30}}?){_QUOTE}?\s*(?:of|to|=|:|is|at)\s*{_NUMBER}"
    rf"|\b{_QUOTE}?([A-Za-z_][A-Za-z_-]{{1,30}}){_QUOTE}?\s+(?:should\s+)?defaults?\s+(?:to|of|is|be)\s+{_NUMBER}",
    re.IGNORECASE,
)
_NOTES = re.compile(r"^## Changes asked for in review\n\n((?:- .*\n)+)", re.MULTILINE)
_FORBIDDEN_HEADERS = frozenset(
    {"authorization", "host", "content-length", "content-type", "cookie", "transfer-encoding"}
)


def asked(message: str) -> str:
    """The words of the person who asks for changes, out of the message that carries them."""
    inside = [text.strip() for text in UNTRUSTED.findall(message)]
    return "\n".join(inside) if inside else message


def of_update(facts: Facts) -> list[str]:
    """What an update asks for, after what the version before was asked for: it says so in its README."""
    if "The version before, which is in the workspace" not in facts.trusted:
        return []
    before = _NOTES.search(facts.first)
    notes = [line.removeprefix("- ") for line in (before.group(1) if before else "").splitlines() if line.strip()]
    return [*notes, facts.wish]


def understood(messages: list[str]) -> Wishes:
    """All wishes of all rounds; the last one wins where they differ."""
    title, timeout = "", 10.0
    headers: dict[str, str] = {}
    defaults: dict[str, int] = {}
    for text in messages:
        if found := _TITLE.search(text):
            title = ascii_text(found.group(1), 80)
        if found := _TIMEOUT.search(text):
            timeout = min(max(float(found.group(1)), 1.0), 120.0)
        for header, value in _HEADER.findall(text):
            if header.lower() not in _FORBIDDEN_HEADERS:
                headers[header] = value.strip().rstrip(".")
        for first, number, second, other in _DEFAULT.findall(text):
            defaults[snake(first or second)] = int(number or other)
    notes = tuple(ascii_text(text, 300) for text in messages if text.strip())
    return Wishes(title, timeout, tuple(headers.items()), tuple(defaults.items()), notes)


def is_change_request(message: str) -> bool:
    """Whether a later message is a person's wish, and not the findings of tools."""
    if re.search(
        r"request(ed)?\s+changes|changes?\s+(were\s+|was\s+)?(requested|asked)|asks?\s+for\s+(a\s+)?changes?",
        message,
        re.IGNORECASE,
    ):
        return True
    findings = r"found this|\bfindings?\b|\.py:\d+|\bfailed\b|\bfailures?\b|\bcannot\b.*\bpass"
    return not re.search(findings, message, re.IGNORECASE)
