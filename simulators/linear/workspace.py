"""The workspace: a team with its states, people, issues, comments, attachments; and what its webhooks say of them.

The shapes of the payloads are those of Linear's own SDK (`EntityWebhookPayload`).
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from simulators.kit.documents import Documents

Json = dict[str, Any]

URL = "https://linear.example/acme"
ORGANIZATION = "0c0ffee0-0000-4000-8000-000000000001"
WEBHOOK = "0c0ffee0-0000-4000-8000-000000000002"
STATES = (
    ("Triage", "triage"),
    ("Backlog", "backlog"),
    ("Todo", "unstarted"),
    ("In Progress", "started"),
    ("Done", "completed"),
    ("Canceled", "canceled"),
    ("Duplicate", "duplicate"),
)


class LinearError(Exception):
    """What Linear answers in `errors`."""

    def __init__(self, message: str, *, code: str = "INPUT_ERROR", kind: str = "invalid input") -> None:
        super().__init__(message)
        self.body = {
            "message": message,
            "extensions": {"code": code, "type": kind, "userError": True, "userPresentableMessage": message},
        }


def _uuid(name: str) -> str:
    return str(uuid.UUID(bytes=uuid.uuid5(uuid.NAMESPACE_URL, f"{URL}/{name}").bytes, version=4))


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Workspace:
    """`app` is the name of the account that the token belongs to."""

    def __init__(self, store: Documents, *, app: str) -> None:
        self._store = store
        self.team: Json = {"id": _uuid("team/ENG"), "key": "ENG", "name": "Engineering"}
        self.states = [
            {"id": _uuid(f"state/{name}"), "name": name, "type": kind, "color": "#bec2c8"} for name, kind in STATES
        ]
        self.app = self.user(app)

    def user(self, name: str) -> Json:
        found = {"id": _uuid(f"user/{name}"), "name": name, "email": f"{name}@example.com", "type": "user"}
        return {**found, "url": f"{URL}/profiles/{name}"}

    def label(self, name: str) -> Json:
        return {"id": _uuid(f"label/{name}"), "name": name, "color": "#f2994a", "parentId": None}

    def project(self, name: str) -> Json:
        return {"id": _uuid(f"project/{name}"), "name": name, "url": f"{URL}/project/{name}"}

    def state(self, name: str) -> Json:
        found = next((state for state in self.states if name in {state["id"], state["name"]}), None)
        if found is None:
            raise LinearError("Entity not found: WorkflowState")
        return found

    def issue(self, name: str) -> Json:
        """By id or identifier."""
        found = self._store.get("issue", name)
        found = found or next((one for one in self._store.all("issue") if one["identifier"] == name), None)
        if found is None:
            raise LinearError("Entity not found: Issue")
        return found

    def issues(self) -> list[Json]:
        return self._store.all("issue")

    def save(self, issue: Json) -> Json:
        issue = {**issue, "updatedAt": now()}
        self._store.put("issue", issue["id"], issue)
        return issue

    def new_issue(self, *, title: str, description: str, labels: list[str], project: str | None, creator: Json) -> Json:
        number = self._store.next("issue")
        at = now()
        return self.save(
            {
                "id": str(uuid.uuid4()),
                "identifier": f"ENG-{number}",
                "number": number,
                "title": title,
                "description": description,
                "url": f"{URL}/issue/ENG-{number}",
                "createdAt": at,
                "labels": [self.label(name) for name in labels],
                "labelIds": [self.label(name)["id"] for name in labels],
                "state": self.state("Todo"),
                "stateId": self.state("Todo")["id"],
                "team": self.team,
                "teamId": self.team["id"],
                "project": self.project(project) if project else None,
                "projectId": self.project(project)["id"] if project else None,
                "creatorId": creator["id"],
                "trashed": None,
                "botActor": None,
            }
        )

    def comments(self, issue_id: str) -> list[Json]:
        return [comment for comment in self._store.all("comment") if comment["issueId"] == issue_id]

    def comment(self, comment_id: str) -> Json | None:
        return self._store.get("comment", comment_id)

    def new_comment(self, issue: Json, body: str, user: Json, comment_id: str | None = None) -> Json:
        comment_id = comment_id or str(uuid.uuid4())
        if self.comment(comment_id) is not None:
            raise LinearError("conflict on insert of Comment", code="INVALID_INPUT")
        at = now()
        made = {"id": comment_id, "body": body, "issueId": issue["id"], "createdAt": at, "updatedAt": at}
        made |= {"userId": user["id"], "user": {"id": user["id"], "name": user["name"], "email": user["email"]}}
        self._store.put("comment", comment_id, made)
        return made

    def edit_comment(self, comment_id: str, body: str) -> Json:
        found = self.comment(comment_id)
        if found is None:
            raise LinearError("Entity not found: Comment")
        found |= {"body": body, "updatedAt": now()}
        self._store.put("comment", comment_id, found)
        return found

    def attach(self, issue: Json, *, title: str, url: str) -> Json:
        """One of the same URL on the same issue is replaced."""
        key = f"{issue['id']}/{url}"
        found = self._store.get("attachment", key) or {"id": str(uuid.uuid4())}
        found |= {"issueId": issue["id"], "title": title, "url": url}
        self._store.put("attachment", key, found)
        return found

    def attachments(self, issue_id: str) -> list[Json]:
        return [one for one in self._store.all("attachment") if one["issueId"] == issue_id]

    def everything(self) -> Json:
        return {
            "issues": [
                {**issue, "comments": self.comments(issue["id"]), "attachments": self.attachments(issue["id"])}
                for issue in self._store.all("issue")
            ]
        }

    def told(self, kind: str, action: str, data: Json, actor: Json, before: Json | None = None) -> Json:
        """A webhook's payload, without the time of its sending."""
        payload: Json = {"action": action, "actor": actor, "createdAt": now(), "data": data, "type": kind}
        payload |= {"url": data.get("url"), "organizationId": ORGANIZATION, "webhookId": WEBHOOK}
        return {**payload, "updatedFrom": before} if before is not None else payload

    def told_comment(self, action: str, comment: Json, issue: Json, actor: Json) -> Json:
        about = {name: issue[name] for name in ("id", "identifier", "title", "url", "team", "teamId")}
        return self.told("Comment", action, {**comment, "issue": about, "reactionData": []}, actor)
