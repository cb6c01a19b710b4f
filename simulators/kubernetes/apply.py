"""Server-side apply (kubernetes.io/docs/reference/using-api/server-side-apply): who owns which fields.

Maps are merged field by field. Lists are taken as one value, which the real server does not do for those with keys.
"""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from simulators.kubernetes.answers import Refused

Object = dict[str, Any]
Path = tuple[str, ...]

_IDENTITY = {("apiVersion",), ("kind",)}
_SERVERS_OWN = {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}


class Owners:
    """Fields by manager."""

    def __init__(self, owned: dict[str, list[list[str]]] | None = None) -> None:
        self._owned: dict[str, set[Path]] = {
            manager: {tuple(path) for path in paths} for manager, paths in (owned or {}).items()
        }

    def dump(self) -> dict[str, list[list[str]]]:
        return {manager: sorted(map(list, paths)) for manager, paths in self._owned.items()}

    def of(self, manager: str) -> set[Path]:
        return self._owned.get(manager, set())

    def others(self, manager: str, path: Path) -> list[str]:
        return [other for other, paths in self._owned.items() if other != manager and path in paths]

    def take(self, manager: str, paths: set[Path], *, changed: set[Path]) -> None:
        """`manager` owns exactly these; nobody else owns those whose value it changed."""
        for other in [other for other in self._owned if other != manager]:
            self._owned[other] -= changed
        self._owned[manager] = paths

    def managed_fields(self, api_version: str) -> list[Object]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return [
            {
                "manager": manager,
                "operation": "Apply",
                "apiVersion": api_version,
                "time": now,
                "fieldsType": "FieldsV1",
                "fieldsV1": _fields(paths),
            }
            for manager, paths in self._owned.items()
            if paths
        ]


def applied(live: Object | None, body: Object, owners: Owners, *, manager: str, force: bool) -> Object:
    """What the object is after `manager` applied `body`; raises a conflict unless forced."""
    base = live or {}
    wanted = dict(_leaves(body))
    changed = {path for path, value in wanted.items() if _value(base, path, default=value) != value}
    conflicts = {path: others for path in sorted(changed) if (others := owners.others(manager, path))}
    if conflicts and not force:
        raise _conflict(conflicts)
    result = deepcopy(base)
    for path in owners.of(manager) - wanted.keys():
        if not owners.others(manager, path):
            _remove(result, path)
    for path, value in wanted.items():
        _set(result, path, deepcopy(value))
    owners.take(manager, set(wanted), changed=changed)
    return result


def _leaves(found: Object, at: Path = ()) -> list[tuple[Path, Any]]:
    leaves: list[tuple[Path, Any]] = []
    for key, value in found.items():
        path = (*at, key)
        if path in _IDENTITY or (at == ("metadata",) and key in _SERVERS_OWN):
            continue
        if isinstance(value, dict) and value:
            leaves += _leaves(value, path)
        elif not isinstance(value, dict):
            leaves.append((path, value))
    return leaves


def _value(found: Object, path: Path, *, default: object) -> object:
    at: Any = found
    for key in path:
        if not isinstance(at, dict) or key not in at:
            return default
        at = at[key]
    return at


def _set(found: Object, path: Path, value: object) -> None:
    for key in path[:-1]:
        found = found.setdefault(key, {})
    found[path[-1]] = value


def _remove(found: Object, path: Path) -> None:
    *to, last = path
    for key in to:
        if key not in found:
            return
        found = found[key]
    found.pop(last, None)


def _fields(paths: set[Path]) -> Object:
    fields: Object = {}
    for path in sorted(paths):
        at = fields
        for key in path:
            at = at.setdefault(f"f:{key}", {})
    return fields


def _conflict(conflicts: dict[Path, list[str]]) -> Refused:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{others[0]}"',
            "field": "." + ".".join(path),
        }
        for path, others in conflicts.items()
    ]
    words = "; ".join(f"{cause['message']}: {cause['field']}" for cause in causes)
    return Refused(409, "Conflict", f"Apply failed with {len(causes)} conflict(s): {words}", details={"causes": causes})
