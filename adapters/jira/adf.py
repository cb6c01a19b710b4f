"""Text for Jira: from our Markdown to the Atlassian Document Format, and back from it to what a person reads.

Source: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/. A test checks what is made here
against the schema that Atlassian publishes.
"""

import re
from typing import Any

Node = dict[str, Any]

_INLINE = re.compile(
    r"(?P<code>`(?P<coded>[^`\n]+)`)|(?P<strong>\*\*(?P<bold>[^*\n]+)\*\*)|(?P<strike>~~(?P<struck>[^~\n]+)~~)"
    r"|(?P<link>https?://[^\s<>\"'`)\]]+[^\s<>\"'`)\].,;:!?])"
)
_ITEM = re.compile(r"^[-*] (.*)$")
_BLOCKS = {"paragraph", "heading", "listItem", "blockquote", "codeBlock", "tableRow", "rule", "panel"}
_DEEPEST = 40


def document(markdown: str) -> Node:
    """Paragraphs, lists, and what is within a line. What is not our Markdown stays as it is written."""
    blocks: list[Node] = []
    items: list[Node] = []
    for paragraph in re.split(r"\n[ \t]*\n", markdown.strip("\n")):
        lines: list[str] = []
        for line in paragraph.splitlines():
            item = _ITEM.match(line)
            if item is None:
                _close(blocks, items)
                lines.append(line)
                continue
            _text(blocks, lines)
            items.append({"type": "listItem", "content": [_paragraph([item[1]])]})
        _text(blocks, lines)
        _close(blocks, items)
    return {"type": "doc", "version": 1, "content": blocks}


def _close(blocks: list[Node], items: list[Node]) -> None:
    if items:
        blocks.append({"type": "bulletList", "content": list(items)})
        items.clear()


def _text(blocks: list[Node], lines: list[str]) -> None:
    if any(line.strip() for line in lines):
        blocks.append(_paragraph(lines))
    lines.clear()


def _paragraph(lines: list[str]) -> Node:
    content: list[Node] = []
    for number, line in enumerate(lines):
        content += [{"type": "hardBreak"}] if number else []
        content += _inline(line)
    return {"type": "paragraph", "content": content}


def _inline(line: str) -> list[Node]:
    """Text nodes. Nobody is mentioned: that would be a node of another type."""
    found: list[Node] = []
    end = 0
    for match in _INLINE.finditer(line):
        found += _plain(line[end : match.start()])
        end = match.end()
        if match["code"]:
            found += _marked(match["coded"], {"type": "code"})
        elif match["strong"]:
            found += _marked(match["bold"], {"type": "strong"})
        elif match["strike"]:
            found += _marked(match["struck"], {"type": "strike"})
        else:
            found += _marked(match["link"], {"type": "link", "attrs": {"href": match["link"]}})
    return [*found, *_plain(line[end:])]


def _plain(text: str) -> list[Node]:
    return [{"type": "text", "text": text}] if text else []


def _marked(text: str, mark: Node) -> list[Node]:
    return [{"type": "text", "text": text, "marks": [mark]}]


def text_of(node: object, depth: int = 0) -> str:
    """What a person reads in a document, a line for each block. Anything that is no document reads as nothing."""
    if not isinstance(node, dict) or depth > _DEEPEST:
        return ""
    kind, attributes = str(node.get("type")), node.get("attrs")
    named = attributes if isinstance(attributes, dict) else {}
    if kind == "text":
        return _linked(node)
    if kind == "hardBreak":
        return "\n"
    if kind in {"inlineCard", "blockCard", "embedCard"}:
        return str(named.get("url", ""))
    if kind in {"mention", "emoji"}:
        return str(named.get("text", ""))
    content = node.get("content")
    inner = "".join(text_of(child, depth + 1) for child in content) if isinstance(content, list) else ""
    if kind == "heading":
        inner = f"## {inner}"
    return f"{inner}\n" if kind in _BLOCKS else inner


def _linked(node: Node) -> str:
    """The text; where it is a link that says something else than its address, that too."""
    text, marks = str(node.get("text", "")), node.get("marks")
    for mark in marks if isinstance(marks, list) else []:
        attributes = mark.get("attrs") if isinstance(mark, dict) and mark.get("type") == "link" else None
        href = str(attributes.get("href", "")) if isinstance(attributes, dict) else ""
        if href and href != text:
            return f"{text} {href}"
    return text
