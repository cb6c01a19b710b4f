"""Markdown to Slack's mrkdwn, with everything that Slack would act on made inert.

Source: https://docs.slack.dev/messaging/formatting-message-text: `&`, `<` and `>` are escaped, so that no text can
mention people or channels (`<!channel>`, `<@U…>`) or hide a link; `*` is bold, `_` italic, `~` strike.
"""

import re
from collections.abc import Iterator

_FENCE = re.compile(r"^\s*```")
_INLINE = re.compile(
    r"(?P<code>`[^`\n]+`)"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<target>[^\s)]+)\)"
    r"|(?P<url>https?://[^\s<>|)\]]+)"
    r"|\*\*(?P<bold>[^*\n]+)\*\*"
    r"|__(?P<bold2>[^_\n]+)__"
    r"|(?<![\w*])\*(?P<italic>[^*\s][^*\n]*)\*(?![\w*])"
    r"|~~(?P<strike>[^~\n]+)~~"
)
_HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*#*$")
_BULLET = re.compile(r"^(?P<indent>\s*)[-*+]\s+")
_LINK = re.compile(r"^(https?://|mailto:)", re.IGNORECASE)
# What must not be cut in two: an entity, a link.
_ATOM = re.compile(r"&(?:amp|lt|gt);|<[^<>]*>")


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(markdown: str) -> str:
    lines: list[str] = []
    fenced = False
    for line in markdown.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
            lines.append("```")
        elif fenced:
            lines.append(escape(line))
        else:
            lines.append(_line(line))
    if fenced:
        lines.append("```")
    return "\n".join(lines)


def _line(line: str) -> str:
    heading = _HEADING.match(line)
    if heading:
        return f"*{_inline(heading['text'].replace('**', ''))}*"
    return _inline(_BULLET.sub(lambda found: f"{found['indent']}• ", line))


def _inline(text: str) -> str:
    parts: list[str] = []
    end = 0
    for found in _INLINE.finditer(text):
        parts.append(escape(text[end : found.start()]))
        parts.append(_span(found))
        end = found.end()
    parts.append(escape(text[end:]))
    return "".join(parts)


def _span(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "code":
            return escape(found["code"])
        case "target":
            return _link(found["target"], found["label"])
        case "url":
            address = found["url"].rstrip(".,;:!?")
            return _link(address, None) + escape(found["url"][len(address) :])
        case "bold" | "bold2":
            return f"*{_inline(found['bold'] or found['bold2'])}*"
        case "italic":
            return f"_{_inline(found['italic'])}_"
        case _:
            return f"~{_inline(found['strike'])}~"


def _link(target: str, label: str | None) -> str:
    """A link, or plain text if it leads anywhere but the web or a mailbox."""
    if not _LINK.match(target):
        return escape(f"{label} ({target})")
    address = escape(target).replace("|", "%7C")
    if label is None:
        return f"<{address}>"
    shown = escape(label.replace("**", "").replace("`", "")).replace("|", "¦")
    return f"<{address}|{shown}>"


def pieces(text: str, limit: int) -> Iterator[str]:
    """`text` (mrkdwn) in pieces of at most `limit` characters, cut at line ends where there are any.

    A code block that is cut is closed and opened again.
    """
    piece = ""
    fenced = False
    for line in _short_lines(text, limit - len("```\n\n```")):
        closing = "\n```" if fenced else ""
        if piece and len(piece) + len(line) + 1 + len("\n```") > limit:
            yield piece + closing
            piece = f"```\n{line}" if fenced and line != "```" else line
        else:
            piece = f"{piece}\n{line}" if piece else line
        if line == "```":
            fenced = not fenced
    if piece.strip():
        yield piece


def _short_lines(text: str, limit: int) -> Iterator[str]:
    for line in text.split("\n"):
        rest = line
        while len(rest) > limit:
            cut = next((atom.start() for atom in _ATOM.finditer(rest) if atom.start() < limit < atom.end()), limit)
            yield rest[: cut or limit]
            rest = rest[cut or limit :]
        yield rest
