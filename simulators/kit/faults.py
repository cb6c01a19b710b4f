"""Faults on demand: what a simulator does wrong when told to."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

Kind = Literal["latency", "error", "drop", "lose_reply"]


class Match(BaseModel):
    """Which requests. `path` is a regular expression found in the path below the vendor's mount; empty matches all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = ""
    path: str = ""

    @field_validator("path")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value

    def matches(self, method: str, path: str) -> bool:
        return self.method.upper() in {"", method} and re.search(self.path, path) is not None


class Fault(BaseModel):
    """One fault.

    `latency` waits `seconds`, then goes on; `error` answers `status`, `headers` and `body` without doing the work (a
    string is sent as it is, like a proxy's page; all else as JSON); `drop` closes the connection before the work;
    `lose_reply` does the work and closes the connection instead of answering. The first `skip` matching requests
    pass, the next `times` (None: all) suffer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: Match = Match()
    kind: Kind
    times: Annotated[int, Field(ge=1)] | None = 1
    skip: Annotated[int, Field(ge=0)] = 0
    seconds: Annotated[float, Field(ge=0, le=3600)] = 0
    status: Annotated[int, Field(ge=400, le=599)] = 503
    headers: Mapping[str, str] = {}
    body: JsonValue = {"message": "Service unavailable"}


class _Armed:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._skip = fault.skip
        self._left = fault.times

    def strikes(self, method: str, path: str) -> bool:
        if self._left == 0 or not self.fault.match.matches(method, path):
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self._left is not None:
            self._left -= 1
        return True


class Faults:
    """The armed faults of one vendor. In memory: a restart forgets them."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        self._armed.append(_Armed(fault))

    def clear(self) -> None:
        self._armed.clear()

    def strike(self, method: str, path: str) -> list[Fault]:
        """What befalls this request: any latencies, then at most one other fault, the one armed first."""
        struck: list[Fault] = []
        for armed in self._armed:
            ended = any(fault.kind != "latency" for fault in struck)
            if (armed.fault.kind == "latency" or not ended) and armed.strikes(method, path):
                struck.append(armed.fault)
        return sorted(struck, key=lambda fault: fault.kind != "latency")
