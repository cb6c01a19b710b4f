"""Server-sent events: reading them, and going on where a lost connection ended."""

import codecs
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cli.client import Api
from cli.errors import UNREACHABLE, CliError, Unreachable

SETTLED = "settled"
_STANDING = ("step", "waiting")
"""Events that say how things are: said again when the connection is made again."""

_PATIENCE = 60.0
"""Seconds that the API may be away (a restart, say) before watching gives up."""
_PAUSE = 0.5
_LARGEST = 4_000_000
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Sent:
    """One event as it was sent; `id` is the last one given, which the next request names to go on behind it."""

    event: str
    data: str
    id: str


@dataclass
class Decoder:
    """Bytes of an event stream become events, by the WHATWG's rules.

    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream. An event that is cut
    off at the end of the bytes is none. `str.splitlines` would not do: to it U+2028, which JSON may hold, ends a line.
    """

    last_id: str = ""
    _text: str = ""
    _begun: bool = False
    _half: bool = False
    _event: str = ""
    _data: list[str] = field(default_factory=list)
    _utf8: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))

    def feed(self, data: bytes) -> Iterator[Sent]:
        """The events that these bytes complete. Raises CliError for one that is too large to be one of ours."""
        text = self._utf8.decode(data)
        if not text:
            return
        if not self._begun:
            text, self._begun = text.removeprefix("\ufeff"), True
        if self._half:  # a CR ended the line before; an LF behind it is the other half of that end
            text = text.removeprefix("\n")
        self._half = text.endswith("\r")
        *lines, self._text = _LINE_END.split(self._text + text)
        for line in lines:
            sent = self._line(line)
            if sent is not None:
                yield sent
        if len(self._text) + sum(map(len, self._data)) > _LARGEST:
            raise _strange("an event has no end")

    def _line(self, line: str) -> Sent | None:
        if not line:
            return self._dispatched()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self.last_id = value
        return None

    def _dispatched(self) -> Sent | None:
        data, event = self._data, self._event or "message"
        self._data, self._event = [], ""
        return Sent(event, "\n".join(data), self.last_id) if data else None


@dataclass(frozen=True)
class Happening:
    """Something that happened in a run: an event of the API's stream."""

    event: str
    id: str
    data: dict[str, Any]


def happenings(api: Api, name: str, *, from_start: bool = False) -> Iterator[Happening]:
    """What happens in the run, each once, until it is over. A connection that is lost is made again.

    Raises what the API refuses, and at once if it was never there.
    """
    last: str | None = None
    standing: dict[str, str] = {}
    deadline = time.monotonic()
    while True:
        decoder = Decoder(last_id=last or "")
        try:
            for chunk in api.stream(name, since="start" if from_start else "turn", last_event_id=last):
                deadline = time.monotonic() + _PATIENCE
                for sent in decoder.feed(chunk):
                    last = sent.id
                    if standing.get(sent.event) == sent.data:
                        continue
                    if sent.event in _STANDING:
                        standing[sent.event] = sent.data
                    yield Happening(sent.event, sent.id, _object(sent.data))
                    if sent.event == SETTLED:
                        return
        except CliError as error:
            if not passing(error) or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE)


def passing(error: CliError) -> bool:
    """Whether it may be over soon: the API is away, or says that it cannot answer now."""
    return isinstance(error, Unreachable) or error.problem.get("status") == 503


def _object(data: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _strange("an event is no JSON object")
    return value


def _strange(why: str) -> CliError:
    message = f"What the API sent is not this version of ccb's ({why}): see --api-url."
    return CliError(message, exit_code=UNREACHABLE, code="unreadable")
