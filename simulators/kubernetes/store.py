"""The objects, their resource versions, and what happened to them, for watches. In a file, so that it survives."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulators.kubernetes.answers import conflict, not_found
from simulators.kubernetes.apply import Owners, applied
from simulators.kubernetes.kinds import KINDS

Object = dict[str, Any]
Key = tuple[str, str, str]
"""Resource, namespace, name."""

_KEPT_EVENTS = 2000


class Store:
    """`changed` is set anew at each change, for those who wait."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._objects: dict[Key, Object] = {}
        self._owners: dict[Key, Owners] = {}
        self._events: list[tuple[int, str, Key, Object]] = []
        self.version = 1
        self.oldest = 0
        self.changed = asyncio.Event()
        if path.exists():
            self._load(json.loads(path.read_text()))

    def find(self, key: Key) -> Object | None:
        found = self._objects.get(key)
        return None if found is None else deepcopy(found)

    def get(self, key: Key) -> Object:
        found = self.find(key)
        if found is None:
            raise not_found(key[0], key[2])
        return found

    def select(self, resource: str, namespace: str | None = None) -> Iterator[Object]:
        for (kind, space, _), found in sorted(self._objects.items()):
            if kind == resource and namespace in {None, space}:
                yield deepcopy(found)

    def apply(self, key: Key, body: Object, *, manager: str, force: bool) -> tuple[Object, bool]:
        """The object, and whether it is new."""
        live = self._objects.get(key)
        expected = body.get("metadata", {}).get("resourceVersion")
        if expected and (live is None or live["metadata"]["resourceVersion"] != expected):
            raise conflict(key[0], key[2])
        owners = Owners(self._owners[key].dump()) if key in self._owners else Owners()
        result = applied(live, body, owners, manager=manager, force=force)
        result |= {"apiVersion": body["apiVersion"], "kind": body["kind"]}
        result.setdefault("metadata", {})["name"] = key[2]
        KINDS[key[0]].check(result, live)
        self._owners[key] = owners
        return self.put(key, result), live is None

    def put(self, key: Key, found: Object) -> Object:
        """Write the object; nothing happens if it is what it was."""
        live = self._objects.get(key)
        if live is not None and _bare(live) == _bare(found):
            return deepcopy(live)
        self.version += 1
        metadata = found.setdefault("metadata", {})
        metadata |= {"name": key[2], "namespace": key[1], "resourceVersion": str(self.version)}
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", now())
        if live is None or live.get("spec") != found.get("spec"):
            metadata["generation"] = metadata.get("generation", 0) + 1
        if key in self._owners:
            metadata["managedFields"] = self._owners[key].managed_fields(found["apiVersion"])
        self._objects[key] = deepcopy(found)
        self._tell("ADDED" if live is None else "MODIFIED", key, found)
        return deepcopy(found)

    def remove(self, key: Key) -> None:
        found = self._objects.pop(key, None)
        self._owners.pop(key, None)
        if found is not None:
            self.version += 1
            found["metadata"]["resourceVersion"] = str(self.version)
            self._tell("DELETED", key, found)

    def delete(self, key: Key, *, foreground: bool) -> Object:
        """What owns nothing is gone at once; else, with `foreground`, when the last that it owns is."""
        found = self.get(key)
        if not foreground or key[0] != "deployments":
            self.remove(key)
            return found
        if "deletionTimestamp" not in found["metadata"]:
            found["metadata"] |= {"deletionTimestamp": now(), "finalizers": ["foregroundDeletion"]}
            found = self.put(key, found)
        return found

    def since(self, version: int, resource: str, namespace: str) -> list[tuple[int, str, Object]]:
        return [
            (number, kind, found)
            for number, kind, key, found in self._events
            if number > version and key[:2] == (resource, namespace)
        ]

    def compact(self) -> None:
        """Forget what happened, as etcd does: watches from before have to begin anew."""
        self._events.clear()
        self.oldest = self.version

    def clear(self) -> None:
        for key in list(self._objects):
            self.remove(key)

    def _tell(self, kind: str, key: Key, found: Object) -> None:
        self._events.append((self.version, kind, key, deepcopy(found)))
        if len(self._events) > _KEPT_EVENTS:
            self.oldest = self._events.pop(0)[0]
        self._save()
        self.changed.set()
        self.changed = asyncio.Event()

    def _save(self) -> None:
        kept = {
            "version": self.version,
            "objects": [[*key, found] for key, found in self._objects.items()],
            "owners": [[*key, owners.dump()] for key, owners in self._owners.items()],
        }
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(kept))
        fresh.replace(self._path)

    def _load(self, kept: Object) -> None:
        self.version = self.oldest = kept["version"]
        self._objects = {(kind, space, name): found for kind, space, name, found in kept["objects"]}
        self._owners = {(kind, space, name): Owners(owned) for kind, space, name, owned in kept["owners"]}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bare(found: Object) -> Object:
    """Without what the server writes at each change."""
    metadata = {key: value for key, value in found.get("metadata", {}).items() if key != "managedFields"}
    return found | {"metadata": metadata}
