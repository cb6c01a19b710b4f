"""The matrix of permissions: every role × every route × own and foreign organisation, made from the routes themselves.

`python -m api.matrix` writes `docs/permissions.md` and `docs/permissions.json`; with `--check` it only says whether
they are as they should be. Tests read the JSON and call every route by it.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import TypeAdapter
from starlette.routing import BaseRoute

from api.app import ROUTERS
from api.security import PERSONAL, PUBLIC, May, of_account, of_anybody
from domain.access import BUILT_IN, RIGHTS, Permission
from domain.base import Data
from domain.people import Role

DOCS = Path(__file__).parent.parent / "docs"
Answer = Literal["yes", "401", "403", "404", "own"]


class Row(Data):
    """What one route answers. `needs`: `nobody` in particular, somebody `known`, an `account`, or permissions.

    `own`: each role in the organisation of the thing. `foreign`: the same role in another organisation: `404` for a
    thing that the path names, `own` where only what is theirs is listed or made, `403` without the permission.
    """

    method: str
    path: str
    needs: Literal["nobody", "known", "account", "permission"]
    permissions: list[str]
    house: bool
    unknown: Answer
    own: dict[str, Answer]
    foreign: dict[str, Answer]


class Unguarded(Exception):
    """A route that says nothing of who may call it."""


def rows(routes: Sequence[BaseRoute]) -> list[Row]:
    """Of all routes of an application, sorted. Raises Unguarded."""
    found = [
        _row(method, context.path or "", context.route)
        for context in iter_route_contexts(routes)
        for method in sorted((context.methods or set()) - {"HEAD"})
    ]
    return sorted(found, key=lambda row: (row.path, row.method))


def _row(method: str, path: str, route: object) -> Row:
    calls = [each.call for each in _all(route.dependant)] if isinstance(route, APIRoute) else []
    mays = {call.permission: call for call in calls if isinstance(call, May)}
    permissions: list[str] = sorted(mays)
    house = any(call.house for call in mays.values())
    needs = _needs(method, path, calls, bool(mays))
    own: dict[str, Answer] = {role: _own(role, needs, mays) for role in Role}
    foreign: dict[str, Answer] = {role: _foreign(own[role], path, house=house, needs=needs) for role in Role}
    unknown: Answer = "yes" if needs == "nobody" else "401"
    return Row(
        method=method,
        path=path,
        needs=needs,
        permissions=permissions,
        house=house,
        unknown=unknown,
        own=own,
        foreign=foreign,
    )


def _needs(
    method: str, path: str, calls: Sequence[object], permission: bool
) -> Literal["nobody", "known", "account", "permission"]:
    if permission:
        return "permission"
    if any(of_account(call) for call in calls):
        return "account"
    if any(of_anybody(call) for call in calls) and (method, path) in PERSONAL:
        return "known"
    if (method, path) in PUBLIC:
        return "nobody"
    raise Unguarded(f"{method} {path} says nothing of who may call it: see api/security.py.")


def _own(role: Role, needs: str, permissions: Iterable[Permission]) -> Answer:
    return "yes" if needs != "permission" or all(RIGHTS[role].has(one) for one in permissions) else "403"


def _foreign(own: Answer, path: str, *, house: bool, needs: str) -> Answer:
    if needs == "nobody" or own == "403":
        return own
    if house:
        return "403"
    return "404" if "{" in path and "{provider}" not in path else "own"


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for each in dependant.dependencies:
        yield from _all(each)


def _application() -> FastAPI:
    """The routes without what serves them."""
    app = FastAPI(redoc_url=None)
    for router in ROUTERS:
        app.include_router(router)
    return app


_INTRO = """# Permissions

Made by `uv run python -m api.matrix` from the routes themselves; tests call every route as every role by it
([permissions.json](permissions.json) is the same for programs). How rights work is in [access.md](access.md).

## Roles

A role has all that those left of it have. Roles of one's own are made of the same permissions, with conditions
(`ccb roles`).

"""
_MATRIX = """
## Routes

*Own* is what a role gets in the organisation that a thing belongs to; *foreign* what the same role of another
organisation gets: **404** exactly as if the thing were not there, **own** where a route lists or makes things and shows
only what is theirs, **403** where the permission is missing or the route concerns the whole installation. Whoever is
unknown gets 401, but for the routes that need nobody in particular.

"""


def _markdown(found: list[Row]) -> str:
    names = list(BUILT_IN)
    lines = [_INTRO + _header(["permission", *names])]
    for permission in Permission:
        marks = ["●" if RIGHTS[name].has(permission) else "" for name in names]
        lines.append(_line([f"`{permission}`", *marks]))
    lines.append(_MATRIX + _header(["route", "needs", *names, "foreign"]))
    for row in found:
        needs = ", ".join(f"`{one}`" for one in row.permissions) or _WORDS[row.needs]
        needs += ", in the first organisation" if row.house else ""
        marks = ["●" if row.own[name] == "yes" else row.own[name] for name in names]
        abroad = sorted({answer for name, answer in row.foreign.items() if row.own[name] == "yes"}) or ["403"]
        lines.append(_line([f"`{row.method} {row.path}`", needs, *marks, "●" if abroad == ["yes"] else abroad[0]]))
    return "\n".join(lines) + "\n"


_WORDS = {"nobody": "nobody in particular", "known": "anybody known", "account": "one's own account"}


def _header(cells: list[str]) -> str:
    return _line(cells) + "\n" + _line(["---"] * len(cells))


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def documents() -> dict[Path, str]:
    """What the files should hold."""
    found = rows(_application().routes)
    as_json = TypeAdapter(list[Row]).dump_json(found, indent=1).decode() + "\n"
    return {DOCS / "permissions.md": _markdown(found), DOCS / "permissions.json": as_json}


def main(arguments: list[str]) -> int:
    stale = [path for path, text in documents().items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.name} is stale: run `python -m api.matrix`.\n")
        return 1 if stale else 0
    for path, text in documents().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
