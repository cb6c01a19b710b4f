"""An OpenAPI document taken apart: checked once when it is normalised, read from then on."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pydantic import JsonValue

from adapters.openapi.bounds import refused
from adapters.openapi.references import Dangling, Looping, Object, mapping, places, resolved, whole

METHODS: Final = ("get", "post", "put", "patch", "delete")
"""What a plan may use, in the order in which they are listed."""

_LONGEST_PATH = 1000
"""Characters; a plan takes no longer one."""


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    node: Object
    item: Object


@dataclass(frozen=True)
class Model:
    """The document with its operations, in order of path and method."""

    root: Object

    @cached_property
    def operations(self) -> list[Operation]:
        found: list[Operation] = []
        for path, value in sorted(mapping(self.root.get("paths")).items()):
            if path.startswith("x-") or len(path) > _LONGEST_PATH:
                continue
            item = whole(dict(self.root), value)
            found.extend(
                Operation(method, path, node, item) for method in METHODS if isinstance(node := item.get(method), dict)
            )
        return found

    @property
    def schemas(self) -> Object:
        return mapping(mapping(self.root.get("components")).get("schemas"))


def checked(value: JsonValue) -> dict[str, JsonValue]:
    """`value` as an OpenAPI 3.x document. Raises InvalidDocument."""
    if not isinstance(value, dict):
        kind = {list: "a list", str: "plain text", type(None): "empty"}.get(type(value), "a single value")
        raise refused(f"it is {kind}, not an object with an `openapi` field.")
    root = {**value, "openapi": _version(value)}
    if not Model(root).operations:
        raise refused(f"it has no operations: nothing under `paths` has one of {', '.join(METHODS)}.")
    _check_references(root)
    return root


def _version(root: Object) -> str:
    version = root.get("openapi")
    if version is None and "swagger" in root:
        raise refused(f"it is Swagger {_shown(root['swagger'])}. OpenAPI 3.x is needed; convert it first.")
    if version is None:
        raise refused("it has no `openapi` field, so it is not an OpenAPI document.")
    # YAML without quotes makes `openapi: 3.1` a number.
    text = str(version) if isinstance(version, (str, float)) and not isinstance(version, bool) else ""
    if not re.fullmatch(r"3\.\d{1,3}([.-][0-9A-Za-z.-]{1,40})?", text.strip()):
        raise refused(f"its `openapi` field says {_shown(version)}; 3.x is understood.")
    return text.strip()


def _check_references(root: dict[str, JsonValue]) -> None:
    known: set[str] = set()
    for ref, place in places(root):
        if ref in known:
            continue
        if not ref.startswith("#"):
            raise refused(f"it refers to another file ({_shown(ref)}). Bundle it into one document.", place=place)
        try:
            resolved(root, ref)
        except Looping as error:
            raise refused(f"the reference {_shown(ref)} leads back to itself.", place=place) from error
        except Dangling as error:
            raise refused(f"the reference {_shown(ref)} leads nowhere.", place=place) from error
        known.add(ref)


def _shown(value: JsonValue) -> str:
    text = " ".join(str(value).split())
    return repr(text[:100] + ("…" if len(text) > 100 else ""))
