"""Which documents are tried: drawn by a seed among those that can be built on."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.generation.directory import Directory, NoDirectory

METHODS: Final = ("get", "post", "put", "patch", "delete")
EXCLUDED: Final = frozenset({"github.com", "temporal.io"})
"""Providers whose documents the demos and tests use: the product was written with these in sight."""

LARGEST: Final = 20_000_000
"""Bytes: what the product reads at most (`CCB_DOCUMENTS_MAX_BYTES`)."""

_URL = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(/[^\s\"'\\<>{}?#]*)?", re.IGNORECASE)
_BATCH: Final = 4
"""Documents looked at for one that is wanted, each time the directory is read."""


@dataclass(frozen=True)
class Chosen:
    """A document that is tried. `version` is the API's own."""

    name: str
    version: str
    base_url: str
    data: bytes

    @property
    def root(self) -> dict[str, Any]:
        root: dict[str, Any] = json.loads(self.data)
        return root


def choose(directory: Directory, count: int, seed: int) -> list[Chosen]:
    """`count` documents of as many providers, drawn by `seed`. Raises NoDirectory if there are not that many.

    Those count that are OpenAPI 3.x, are no larger than LARGEST, have an operation with GET, and name a server by an
    absolute http(s) URL, its variables filled with their defaults.
    """
    names = [name for name in directory.names() if provider(name) not in EXCLUDED]
    random.Random(seed).shuffle(names)
    chosen: list[Chosen] = []
    for batch in _batches(names, _BATCH * count):
        read = dict(directory.read(frozenset(batch)))
        for name in batch:
            taken = {provider(one.name) for one in chosen}
            if provider(name) not in taken and (found := usable(name, read[name])) is not None:
                chosen.append(found)
            if len(chosen) == count:
                return chosen
    raise NoDirectory(f"There are only {len(chosen)} usable documents of different providers; {count} were wanted.")


def provider(name: str) -> str:
    return name.partition("/")[0]


def usable(name: str, data: bytes) -> Chosen | None:
    """The document, if it can be built on."""
    if len(data) > LARGEST:
        return None
    root = json.loads(data)
    if not str(root.get("openapi", "")).startswith("3."):
        return None
    reads = any(method == "get" for method, _, _ in operations(root))
    url = next((url for server in root.get("servers") or [] if (url := _url(server))), None)
    if not reads or url is None:
        return None
    return Chosen(name, str(root.get("info", {}).get("version", "")), url.rstrip("/"), data)


def operations(root: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation), in the document's order."""
    for path, item in (root.get("paths") or {}).items():
        for method in METHODS if isinstance(item, dict) else ():
            if isinstance(item.get(method), dict):
                yield method, path, item[method]


def _url(server: object) -> str | None:
    if not isinstance(server, dict):
        return None
    variables = server.get("variables") or {}
    url = re.sub(
        r"\{([^{}]*)\}", lambda found: str(variables.get(found[1], {}).get("default", "{}")), str(server.get("url", ""))
    ).strip()
    return url if _URL.fullmatch(url) else None


def _batches(names: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
