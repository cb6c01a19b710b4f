"""What the GraphQL API does: the fields of Query and Mutation that clients of ours use."""

from collections.abc import Callable

from simulators.linear.graphql import BadQuery, Operation, pick
from simulators.linear.workspace import Json, LinearError, Workspace

_MOST = 250
"""Of a page; what Linear allows."""


class Api:
    """`run` answers an operation; what it changed is in `changes`, as webhooks tell it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.changes: list[Json] = []
        self._queries: dict[str, Callable[[Json], Json]] = {"viewer": self._viewer, "issue": self._issue}
        self._queries["issues"] = self._issues
        self._mutations: dict[str, Callable[[Json], Json]] = {
            "commentCreate": self._comment_create,
            "commentUpdate": self._comment_update,
            "attachmentCreate": self._attachment_create,
            "issueUpdate": self._issue_update,
        }

    def run(self, operation: Operation) -> Json:
        """Raises BadQuery, LinearError."""
        resolvers = self._queries if operation.kind == "query" else self._mutations
        found = {}
        for field in operation.fields:
            if field.name not in resolvers:
                raise BadQuery(f'Cannot query field "{field.name}" on type "{operation.kind.title()}".')
            found[field.name] = pick(field, resolvers[field.name](field.arguments))
        return found

    def _viewer(self, _: Json) -> Json:
        return {**self._workspace.app, "app": False}

    def _issue(self, given: Json) -> Json:
        return self._whole(self._workspace.issue(_text(given, "id")))

    def _issues(self, given: Json) -> Json:
        """Those in the trash are left out."""
        return _page(_filtered([one for one in self._workspace.issues() if not one["trashed"]], given), given)

    def _whole(self, issue: Json) -> Json:
        team = {**self._workspace.team, "states": lambda given: _page(self._workspace.states, given)}
        comments = self._workspace.comments(issue["id"])
        return {**issue, "team": team, "comments": lambda given: _page(_filtered(comments, given), given)}

    def _comment_create(self, given: Json) -> Json:
        data = given["input"]
        issue = self._workspace.issue(_text(data, "issueId"))
        made = self._workspace.new_comment(issue, _text(data, "body"), self._workspace.app, data.get("id"))
        self.changes.append(self._workspace.told_comment("create", made, issue, self._workspace.app))
        return {"success": True, "comment": made, "lastSyncId": 1}

    def _comment_update(self, given: Json) -> Json:
        edited = self._workspace.edit_comment(_text(given, "id"), _text(given["input"], "body"))
        issue = self._workspace.issue(edited["issueId"])
        self.changes.append(self._workspace.told_comment("update", edited, issue, self._workspace.app))
        return {"success": True, "comment": edited, "lastSyncId": 1}

    def _attachment_create(self, given: Json) -> Json:
        data = given["input"]
        issue = self._workspace.issue(_text(data, "issueId"))
        made = self._workspace.attach(issue, title=_text(data, "title"), url=_text(data, "url"))
        self.changes.append(self._workspace.told("Attachment", "create", made, self._workspace.app))
        return {"success": True, "attachment": made, "lastSyncId": 1}

    def _issue_update(self, given: Json) -> Json:
        issue = self._workspace.issue(_text(given, "id"))
        state = self._workspace.state(_text(given["input"], "stateId"))
        before = {"stateId": issue["stateId"], "updatedAt": issue["updatedAt"]}
        moved = self._workspace.save({**issue, "state": state, "stateId": state["id"]})
        self.changes.append(self._workspace.told("Issue", "update", moved, self._workspace.app, before))
        return {"success": True, "issue": self._whole(moved), "lastSyncId": 1}


def _text(given: Json, name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str) or not found:
        raise LinearError(f"Argument Validation Error: {name} must be a string")
    return found


def _page(nodes: list[Json], given: Json) -> Json:
    first = int(given.get("first") or 50)
    if not 0 < first <= _MOST:
        raise LinearError("Argument Validation Error: first must be between 1 and 250")
    return {"nodes": nodes[:first], "pageInfo": {"hasNextPage": len(nodes) > first, "endCursor": None}}


def _filtered(comments: list[Json], given: Json) -> list[Json]:
    wanted = ((given.get("filter") or {}).get("id") or {}).get("eq")
    return [one for one in comments if wanted is None or one["id"] == wanted]
