"""What a conversation says: the only thing the brain knows.

Nothing is kept between turns; every fact is read again from the messages of the request.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

SWITCHES = ("buggy", "one-turn", "never-passes", "refuse", "obeys")
UNTRUSTED = re.compile(r"<untrusted[^>]*>(.*?)</untrusted>", re.DOTALL)
_OF_DOCUMENT = re.compile(r"<untrusted source=\"API document[^>]*>(.*?)</untrusted>", re.DOTALL)
_FENCED = re.compile(r"```json\s*\n(.*?)```", re.DOTALL)
_WHOLE_INDEX = re.compile(r"^All \d+ operations:$", re.MULTILINE)
_OPERATION_LINE = re.compile(
    r"^[\s*-]*(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|TRACE)\s+(\S.*?)\s*\|\s*(.*?)\s*(?:\|\s*(.*))?$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class Listed:
    """An operation as a search lists it."""

    method: str
    path: str
    operation_id: str = ""
    summary: str = ""


@dataclass(frozen=True)
class Call:
    """A tool call and its answer; `answer` is None while there is none."""

    name: str
    input: dict[str, Any]
    answer: str | None
    failed: bool
    turn: int


@dataclass(frozen=True)
class Facts:
    """A conversation, taken apart. `turns` are the assistant's; `said` are later words of the user, with their turn."""

    tools: frozenset[str]
    first: str
    calls: list[Call]
    said: list[tuple[int, str]]
    turns: int
    seed: str
    switches: frozenset[str] = field(default_factory=frozenset)

    def of(self, *names: str) -> list[Call]:
        return [call for call in self.calls if call.name in names]

    @property
    def trusted(self) -> str:
        """The first message without what people outside wrote."""
        return UNTRUSTED.sub("", self.first)

    @property
    def document(self) -> str:
        """What the first message shows of the API's document."""
        return "\n".join(_OF_DOCUMENT.findall(self.first))

    @property
    def index(self) -> list["Listed"]:
        """The operations that the first message lists."""
        return listed(self.document)

    @property
    def index_is_whole(self) -> bool:
        return bool(_WHOLE_INDEX.search(self.document))

    @property
    def wish(self) -> str:
        """What people outside wrote, or all of it where nothing is marked."""
        inside = [found.strip() for found in UNTRUSTED.findall(self.first)]
        *_, request = [None, *re.finditer(r"<request>(.*?)</request>", self.first, re.DOTALL)]
        if request and (marked := [text.strip() for text in UNTRUSTED.findall(request.group(1))]):
            inside = marked
        return "\n".join(inside) if inside else (request.group(1) if request else self.first)


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(
        str(part.get("text", "")) for part in parts if isinstance(part, dict) and part.get("type") == "text"
    )


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content", "")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, dict)]


def read(request: dict[str, Any]) -> Facts:
    """Take a request of the Messages API apart."""
    messages = request.get("messages", [])
    answers: dict[str, tuple[str, bool]] = {}
    for message in messages:
        for block in _blocks(message):
            if block.get("type") == "tool_result":
                answers[str(block.get("tool_use_id"))] = (_text(block.get("content")), bool(block.get("is_error")))
    calls: list[Call] = []
    said: list[tuple[int, str]] = []
    first: str | None = None
    turns = 0
    for message in messages:
        if message.get("role") == "assistant":
            turns += 1
            for block in _blocks(message):
                if block.get("type") == "tool_use":
                    answer, failed = answers.get(str(block.get("id")), (None, False))
                    calls.append(Call(str(block.get("name")), block.get("input") or {}, answer, failed, turns))
            continue
        words = "\n".join(str(b.get("text", "")) for b in _blocks(message) if b.get("type") == "text").strip()
        if words and first is None:
            first = words
        elif words:
            said.append((turns, words))
    first = first or ""
    return Facts(
        tools=frozenset(str(tool.get("name")) for tool in request.get("tools") or []),
        first=first,
        calls=calls,
        said=said,
        turns=turns,
        seed=hashlib.sha256(json.dumps(messages, sort_keys=True, default=str).encode()).hexdigest(),
        switches=frozenset(switch for switch in SWITCHES if f"[simulate: {switch}]" in first.lower()),
    )


def as_json(text: str | None) -> object:
    """The first JSON object in `text`, whatever stands around it; None where there is none that is whole."""
    start = (text or "").find("{")
    if text is None or start < 0:
        return None
    try:
        return json.JSONDecoder().raw_decode(text[start:])[0]
    except json.JSONDecodeError:
        return None


def plan_in(text: str) -> dict[str, Any] | None:
    """The first plan in `text`, as JSON between fences."""
    for found in _FENCED.findall(text):
        try:
            value = json.loads(found)
        except json.JSONDecodeError:
            continue
        if isinstance(value, dict) and value.get("capabilities") and value.get("base_url"):
            return value
    return None


def listed(text: str | None) -> list[Listed]:
    """The operations in the lines of a search's answer."""
    return [
        Listed(method.lower(), path.strip(), operation_id.strip(), (summary or "").strip())
        for method, path, operation_id, summary in _OPERATION_LINE.findall(text or "")
    ]


def _given(facts: Facts) -> list[dict[str, Any]]:
    """The parts of the document that came with the first message: JSON objects, each on a line of its own."""
    lines = [as_json(line) for line in facts.first.splitlines() if line.startswith("{")]
    return [value for value in lines if isinstance(value, dict)]


def operations_read(facts: Facts) -> dict[tuple[str, str], dict[str, Any]]:
    """What is known of operations, by method and path: from the first message, and from read_operation."""
    found = {
        (str(one["method"]).lower(), str(one["path"])): one
        for one in _shown(facts)
        if isinstance(one.get("operation"), dict) and {"method", "path"} <= one.keys()
    }
    for call in facts.of("read_operation"):
        value = None if call.failed else as_json(call.answer)
        if isinstance(value, dict):
            found[(str(call.input.get("method")).lower(), str(call.input.get("path")))] = value
    return found


def schemas_read(facts: Facts) -> dict[str, Any]:
    """All named schemas that the first message or any tool has shown."""
    found: dict[str, Any] = {
        str(one["name"]): one["schema"]
        for one in _shown(facts)
        if isinstance(one.get("schema"), dict | bool) and "name" in one
    }
    for operation in operations_read(facts).values():
        schemas = operation.get("schemas")
        if isinstance(schemas, dict):
            found.update(schemas)
    for call in facts.of("read_schema"):
        value = None if call.failed else as_json(call.answer)
        name = str(call.input.get("name"))
        if isinstance(value, dict):
            wrapped = isinstance(value.get("schema"), dict | bool) and "properties" not in value and "type" not in value
            found[name] = value["schema"] if wrapped else value
    return found


def _shown(facts: Facts) -> list[dict[str, Any]]:
    """The parts of the document that the first message gives in full: a line of JSON each."""
    values = (as_json(line) for line in facts.document.splitlines() if line.startswith("{"))
    return [value for value in values if isinstance(value, dict)]
