"""As much of GraphQL as clients of ours send: operations with variables, arguments and selections; no fragments.

Source: https://spec.graphql.org/October2021/
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'[\s,]*(?:(\.\.\.|[!$():=@\[\]{}|&])|([_A-Za-z]\w*)|(-?\d+(?:\.\d+)?)|("(?:[^"\\\n]|\\.)*"))')
_LITERALS = {"true": True, "false": False, "null": None}


class BadQuery(Exception):
    """What a server answers to a query that it cannot read or do."""


@dataclass
class Selection:
    """A field with its arguments, variables put in, and what of it is wanted."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    fields: list["Selection"] = field(default_factory=list)


@dataclass(frozen=True)
class Operation:
    kind: str
    fields: list[Selection]


def read(query: str, variables: Mapping[str, Any]) -> Operation:
    """Raises BadQuery."""
    return _Reader(query, variables).operation()


def pick(selection: Selection, value: Any) -> Any:  # noqa: ANN401  # any JSON
    """Of `value`, what is wanted. Raises BadQuery for a field that there is not."""
    if isinstance(value, list):
        return [pick(selection, one) for one in value]
    if not selection.fields or not isinstance(value, dict):
        return value
    found = {}
    for wanted in selection.fields:
        if wanted.name not in value:
            raise BadQuery(f'Cannot query field "{wanted.name}" on "{selection.name}".')
        inner = value[wanted.name]
        found[wanted.name] = pick(wanted, inner(wanted.arguments) if callable(inner) else inner)
    return found


class _Reader:
    def __init__(self, query: str, variables: Mapping[str, Any]) -> None:
        self._tokens = self._split(query)
        self._at = 0
        self._variables = variables

    @staticmethod
    def _split(query: str) -> list[str]:
        tokens, at, end = [], 0, len(query.rstrip(" \t\r\n,"))
        while at < end:
            match = _TOKEN.match(query, at)
            if match is None:
                raise BadQuery(f"Syntax Error: Unexpected character at {at}.")
            tokens.append(match.group().lstrip(" \t\r\n,"))
            at = match.end()
        return tokens

    def operation(self) -> Operation:
        kind = self._take()
        if kind not in {"query", "mutation"}:
            raise BadQuery(f'Syntax Error: Unexpected "{kind}".')
        if self._next() not in {"(", "{"}:
            self._take()
        if self._next() == "(":
            while self._take() != ")":
                pass
        return Operation(kind, self._selections())

    def _selections(self) -> list[Selection]:
        self._expect("{")
        found = []
        while self._next() != "}":
            selection = Selection(self._take())
            if self._next() == "(":
                selection.arguments = self._pairs("(", ")")
            if self._next() == "{":
                selection.fields = self._selections()
            found.append(selection)
        self._expect("}")
        return found

    def _pairs(self, opening: str, closing: str) -> dict[str, Any]:
        self._expect(opening)
        found = {}
        while self._next() != closing:
            name = self._take()
            self._expect(":")
            found[name] = self._value()
        self._expect(closing)
        return found

    def _value(self) -> Any:  # noqa: ANN401  # any JSON
        token = self._next()
        if token == "$":  # noqa: S105  # GraphQL's sign of a variable
            self._take()
            return self._variables.get(self._take())
        if token == "{":  # noqa: S105
            return self._pairs("{", "}")
        if token == "[":  # noqa: S105
            self._take()
            found = []
            while self._next() != "]":
                found.append(self._value())
            self._expect("]")
            return found
        self._take()
        if token in _LITERALS:
            return _LITERALS[token]
        if token.startswith('"'):
            return token[1:-1]
        return float(token) if "." in token else int(token) if token.lstrip("-").isdigit() else token

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise BadQuery("Syntax Error: Unexpected <EOF>.")
        return self._tokens[self._at]

    def _take(self) -> str:
        token = self._next()
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise BadQuery(f'Syntax Error: Expected "{token}".')
