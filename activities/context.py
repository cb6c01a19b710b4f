"""What Claude is told besides its task: what there is already, the API's document cut to size, what came before.

The most lasting part comes first, so that it is cached: what holds for every run, then what holds for this API, and the
request last. All of it fits in a budget; what does not is left out by name, to be read with the tools.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator

from activities.store import load_files
from domain import manifest
from domain.artifacts import ArtifactRef
from domain.conversation import Text
from domain.errors import NotFound
from domain.plan import OperationUse, Plan, host_of
from domain.ports import ApiDocuments, Artifacts, Integrations
from domain.registry import Integration, RegistryEntry
from domain.runs import IntegrationRequest
from domain.steps import BeginAnalysis, BeginGeneration, BeginUpdate
from domain.text import UntrustedText, clean, fenced, visible

CHARACTERS_A_TOKEN = 3.5
"""An estimate for English, code and JSON, on the safe side."""

_REGISTERED = 60
_FAILURES = 5
_FAILURE = 600
"""Characters of one failure that are told."""
_SUMMARY = 4_000
_EVIDENCE = 20_000
_REGISTRY_SHARE, _INDEX_SHARE, _PREVIOUS_SHARE = 0.1, 0.4, 0.4
"""Of the budget, at most. A longer index would hold mostly what nobody asked for, and tools find the rest."""


class Room:
    """Characters that are left."""

    def __init__(self, characters: float) -> None:
        self.left = int(characters)

    def takes(self, text: str) -> bool:
        """Whether `text` fits; if it does, its room is taken."""
        if len(text) + 1 > self.left:
            return False
        self.left -= len(text) + 1
        return True

    def fill(self, lines: Iterable[str]) -> list[str]:
        """The first of `lines`, as many as fit."""
        kept: list[str] = []
        for one in lines:
            if not self.takes(one):
                break
            kept.append(one)
        return kept


class Context:
    """Builds what a conversation begins with. `tokens` is how long it may be, the request itself not counted."""

    def __init__(
        self, documents: ApiDocuments, artifacts: Artifacts, integrations: Integrations, *, tokens: int
    ) -> None:
        self._documents = documents
        self._artifacts = artifacts
        self._integrations = integrations
        self._characters = tokens * CHARACTERS_A_TOKEN

    async def registry(self, organization_id: str) -> str:
        """What integrations there are. Every part of it has a safe form, so that it needs no fence."""
        room = Room(self._characters * _REGISTRY_SHARE)
        entries = await self._integrations.catalogue(organization_id, limit=_REGISTERED)
        lines = room.fill(map(_registered, entries))
        if not lines:
            return "No integrations are registered yet."
        return "\n".join(["Integrations that are registered already, by name:", *lines])

    async def for_analysis(self, cmd: BeginAnalysis) -> list[Text]:
        """The API's document as summary and index, and earlier failures."""
        document = await self._artifacts.get(cmd.document)
        room = Room(self._characters * (1 - _REGISTRY_SHARE))
        failed = await self._failures(cmd.organization_id, cmd.request, cmd.base_url, room)
        words = f"{cmd.request.title} {cmd.request.description}"
        summary, index = await asyncio.to_thread(self._outline, document, words, room)
        about = "The API's document, in short, with an index of its operations:"
        return [*_text(about, fenced(summary), fenced(index)), *failed]

    async def for_update(self, cmd: BeginUpdate, before: Plan) -> list[Text]:
        """The API's document, what of it has changed since the version that serves was built, and the evidence."""
        document = await self._artifacts.get(cmd.document)
        built_for = None if cmd.built_for is None else await self._artifacts.get(cmd.built_for)
        room = Room(self._characters * (1 - _REGISTRY_SHARE))
        evidence = await self._evidence(cmd, room)
        words = f"{cmd.request.title} {cmd.request.description}"
        summary, index = await asyncio.to_thread(self._outline, document, words, room)
        about = "The API's document, in short, with an index of its operations:"
        changed: list[Text] = []
        if built_for is not None:
            told = await asyncio.to_thread(self._changed, built_for, document, before, room)
            changed = _text("What of it has changed since, for the operations of the earlier plan:", told)
        return [*_text(about, fenced(summary), fenced(index)), *changed, *evidence]

    async def _evidence(self, cmd: BeginUpdate, room: Room) -> list[Text]:
        if cmd.evidence is None:
            return []
        said = (await self._artifacts.get(cmd.evidence)).decode("utf-8", "replace")
        told = clean(said, source=f"evidence of the {cmd.kind}", limit=_EVIDENCE)
        room.left -= len(told.text)
        return _text("What shows the need for this update, as it was found:", fenced(told))

    def _changed(self, built_for: bytes, document: bytes, before: Plan, room: Room) -> str:
        """The operations of the plan that are gone or read differently, these as they were and as they are."""
        if built_for == document:
            return "Nothing: the document is the same."
        lines: list[str] = []
        for use in dict.fromkeys(before.operations):
            was, now = self._operation(built_for, use), self._operation(document, use)
            if was == now:
                continue
            lines.append(f"{use.method.upper()} {use.path} {'is gone' if now is None else 'has changed'}")
            lines += [f"was: {was}"] if was else []
            lines += [f"is: {now}"] if now else []
        kept = room.fill(map(visible, lines))
        if not lines:
            return "Nothing of these."
        return fenced(UntrustedText(source="API document", text="\n".join(kept), truncated=len(kept) < len(lines)))

    def _operation(self, document: bytes, use: OperationUse) -> str | None:
        try:
            return _line(json.loads(self._documents.operation(document, use.method, use.path)))
        except NotFound:
            return None

    async def for_generation(self, cmd: BeginGeneration) -> list[Text]:
        """What the plan needs of the document, the version before, and earlier failures."""
        document = await self._artifacts.get(cmd.document)
        room = Room(self._characters * (1 - _REGISTRY_SHARE))
        failed = await self._failures(cmd.organization_id, cmd.request, cmd.plan.base_url, room)
        previous = await self._previous(cmd.previous, Room(self._characters * _PREVIOUS_SHARE), room)
        parts, left_out = await asyncio.to_thread(self._needed, document, cmd.plan, room)
        told = UntrustedText(source="API document", text="\n".join(map(visible, parts)))
        more = [f"Not here for want of room; read with the tools: {', '.join(left_out)}."] if left_out else []
        about = "What the plan needs of the API's document: its operations, then the schemas they refer to, as JSON:"
        return [*_text(about, fenced(told), *more), *previous, *failed]

    def _outline(self, document: bytes, words: str, room: Room) -> tuple[UntrustedText, UntrustedText]:
        summary = clean(self._documents.summary(document), source="API document", limit=_SUMMARY)
        room.left -= len(summary.text)
        characters = min(room.left, int(self._characters * _INDEX_SHARE))
        index = visible(self._documents.index(document, words, characters=max(characters, 0)))
        return summary, UntrustedText(source="API document's operations", text=index)

    def _needed(self, document: bytes, plan: Plan, room: Room) -> tuple[list[str], list[str]]:
        """The plan's operations and the schemas that they need, each a line of JSON, and what there was no room for."""
        needs = _Needs(self._documents, document)
        parts: list[str] = []
        left_out: list[str] = []
        for use in dict.fromkeys(plan.operations):
            part = needs.operation(use)
            if room.takes(part):
                parts.append(part)
            else:
                left_out.append(f"{use.method.upper()} {use.path}")
        for name, part in needs.schemas():
            if room.takes(part):
                parts.append(part)
            else:
                left_out.append(f"schema {name}")
        return parts, [visible(name)[:200] for name in left_out[:40]]

    async def _previous(self, ref: ArtifactRef | None, share: Room, room: Room) -> list[Text]:
        """The files of the version before: the code first, then the tests; those too long are named only."""
        if ref is None:
            return []
        files = await load_files(self._artifacts, ref)
        shown: list[str] = []
        named: list[str] = []
        for path in sorted(set(files) - {manifest.PATH}, key=lambda path: (path.startswith("tests/"), path)):
            file = fenced(UntrustedText(source=f"file {path}", text=visible(files[path])))
            if len(file) < room.left and share.takes(file):
                room.takes(file)
                shown.append(file)
            else:
                named.append(path)
        more = [f"Not here for want of room; read with read_file: {', '.join(named[:60])}."] if named else []
        return _text("The version before, which is in the workspace. Change what has to change:", *shown, *more)

    async def _failures(
        self, organization_id: str, request: IntegrationRequest, base_url: str, room: Room
    ) -> list[Text]:
        """Why earlier runs for the same API, or under the same name, failed."""
        host = host_of(base_url)
        found = await self._integrations.failed(organization_id, name=request.name, api_host=host, limit=_FAILURES)
        told = room.fill(map(_failed, found))
        if not told:
            return []
        earlier = fenced(UntrustedText(source="earlier runs", text="\n".join(told)))
        return _text("Earlier runs for this API, or under this name, failed. Do not fail for the same reason:", earlier)


class _Needs:
    """What operations need of a document, each part once."""

    _MOST_SCHEMAS = 200
    _DEEPEST = 2
    """References from schema to schema, beyond those that `read_operation` follows itself."""

    def __init__(self, documents: ApiDocuments, document: bytes) -> None:
        self._documents = documents
        self._document = document
        self._wanted: list[tuple[str, int]] = []

    def operation(self, use: OperationUse) -> str:
        """The operation as `read_operation` answers it, without its schemas: others may need the same ones."""
        answer = json.loads(self._documents.operation(self._document, use.method, use.path))
        self._wanted += [(name, 0) for name in (*answer.pop("schemas", {}), *answer.pop("schemas_left_out", []))]
        answer.pop("note", None)
        return _line(answer)

    def schemas(self) -> Iterator[tuple[str, str]]:
        """The schemas that the operations seen so far refer to, and those that these refer to, nearest first."""
        seen: set[str] = set()
        while self._wanted and len(seen) < self._MOST_SCHEMAS:
            (name, depth), *self._wanted = self._wanted
            if name in seen:
                continue
            seen.add(name)
            answer = json.loads(self._documents.schema(self._document, name))
            refers_to = answer.pop("refers_to", [])
            if depth < self._DEEPEST:
                self._wanted += [(one, depth + 1) for one in refers_to]
            yield name, _line(answer)


def _line(answer: object) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _registered(entry: RegistryEntry) -> str:
    capabilities = ", ".join(f"{one.name} ({one.method.upper()} {one.route})" for one in entry.capabilities)
    return f"- {entry.name} {entry.version}: {capabilities}; hosts: {', '.join(entry.hosts)}"


def _failed(run: Integration) -> str:
    why = clean(f"{run.name or ''} ({run.title}): {run.failure or ''}", source="", limit=_FAILURE).text
    return f"- {run.updated_at:%Y-%m-%d}, {' '.join(why.split())}"


def _text(about: str, *parts: str) -> list[Text]:
    return [Text(text="\n\n".join([about, *parts]))] if parts else []
