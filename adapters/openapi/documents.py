"""The port `ApiDocuments`: everything there is to do with an API document."""

import difflib
import hashlib
import json
import threading
from collections import OrderedDict
from functools import cached_property

from adapters.openapi import fetching
from adapters.openapi.bounds import refused
from adapters.openapi.model import Model, Operation, checked
from adapters.openapi.overview import overview
from adapters.openapi.parsing import canonical, parse
from adapters.openapi.reading import read_operation, read_schema
from adapters.openapi.references import items, mapping, schema_name, text
from adapters.openapi.searching import Index, line
from adapters.openapi.servers import base_url, filled, hosts
from adapters.openapi.settings import OpenApiSettings
from domain.errors import NotFound

_SUMMARY = 2_000
_LONGEST_ANSWER = 60_000
_MOST_FITTING = 200
"""Operations that an index of a large document shows as fitting, at most."""


class _Document(Model):
    @cached_property
    def index(self) -> Index:
        return Index(self.operations)

    @cached_property
    def by_place(self) -> dict[tuple[str, str], Operation]:
        return {(operation.method, operation.path): operation for operation in self.operations}


class OpenApiDocuments:
    """Parsed documents are kept by content hash: each tool call names the document, not what was read from it."""

    def __init__(self, settings: OpenApiSettings) -> None:
        self._settings = settings
        self._parsed: OrderedDict[bytes, _Document] = OrderedDict()
        self._lock = threading.Lock()

    async def fetch(self, url: str) -> bytes:
        return await fetching.fetch(url, self._settings)

    def normalise(self, data: bytes) -> bytes:
        """Takes about a second for a megabyte of YAML, far less for JSON: call it in a thread."""
        limit = self._settings.max_bytes
        return canonical(dict(checked(parse(data, max_bytes=limit))), max_bytes=limit)

    def server(self, document: bytes, *, fetched_from: str | None) -> str | None:
        return base_url(self._document(document).root, fetched_from)

    def hosts(self, document: bytes) -> set[str]:
        return hosts(self._document(document).root)

    def summary(self, document: bytes) -> str:
        model = self._document(document)
        info = mapping(model.root.get("info"))
        servers = [filled(server)[:200] for server in items(model.root.get("servers"))[:5]]
        schemes = mapping(mapping(model.root.get("components")).get("securitySchemes"))
        about = " ".join(text(info.get("description"))[:2000].split())[:400]
        lines = [
            f"Title: {' '.join(text(info.get('title')).split())[:200] or '(none)'}",
            f"Version: {str(info.get('version', '(none)'))[:60]}",
            f"OpenAPI: {text(model.root.get('openapi'))}",
            f"Servers: {', '.join(servers) or '(none)'}",
            f"Security schemes: {', '.join(_scheme(name, schemes[name]) for name in list(schemes)[:10]) or '(none)'}",
            f"Operations: {len(model.operations)}",
            *([f"Description: {about}"] if about else []),
        ]
        return "\n".join(lines)[:_SUMMARY]

    def search(self, document: bytes, query: str, limit: int) -> str:
        """One line an operation, best first; a sentence if none matches. At most 60,000 characters."""
        model = self._document(document)
        lines = [line(operation) for operation in model.index.search(query, limit)]
        if not lines:
            return f"No operation matches; the document has {len(model.operations)}. Try fewer or other words."
        while len(answer := "\n".join(lines)) > _LONGEST_ANSWER:
            lines.pop()
        return answer

    def index(self, document: bytes, query: str, *, characters: int) -> str:
        model = self._document(document)
        return overview(model.operations, model.index.search(query, _MOST_FITTING), characters)

    def operation(self, document: bytes, method: str, path: str) -> str:
        model = self._document(document)
        found = model.by_place.get((method.strip().lower(), path))
        if found is None:
            near = _close(f"{method.upper()} {path}", [f"{o.method.upper()} {o.path}" for o in model.operations])
            raise NotFound(
                f"The API document has no operation {method.upper()[:20]} {path[:200]}.{_near(near)}", near=[*near]
            )
        return read_operation(model, found)

    def schema(self, document: bytes, name: str) -> str:
        model = self._document(document)
        wanted = name if name in model.schemas else schema_name(name) or name
        if wanted not in model.schemas:
            near = _close(name, sorted(model.schemas))
            raise NotFound(f"The API document has no schema {name[:200]}.{_near(near)}", near=[*near])
        return read_schema(model, wanted)

    def _document(self, document: bytes) -> _Document:
        key = hashlib.sha256(document).digest()
        with self._lock:
            if key in self._parsed:
                self._parsed.move_to_end(key)
                return self._parsed[key]
        try:
            root = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise refused("it was not normalised before it was read.") from error
        model = _Document(checked(root))
        with self._lock:
            self._parsed[key] = model
            while len(self._parsed) > self._settings.cached_documents:
                self._parsed.popitem(last=False)
        return model


def _scheme(name: str, scheme: object) -> str:
    found = mapping(scheme) if isinstance(scheme, dict) else {}
    kind = " ".join(text(found.get(key)) for key in ("type", "scheme", "in", "name") if text(found.get(key)))
    return f"{name[:60]} ({kind[:80]})" if kind else name[:60]


def _close(name: str, known: list[str]) -> list[str]:
    """The names most like `name`; bounded, since comparing is quadratic in their lengths."""
    short = [one for one in known if len(one) <= 150][:2000]
    return difflib.get_close_matches(name[:150], short, n=5, cutoff=0.5)


def _near(near: list[str]) -> str:
    return f" Near: {', '.join(one[:200] for one in near)}." if near else ""
