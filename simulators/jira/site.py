"""The site: a project with its workflow, people, issues, comments, links; and what its webhooks say of them.

Source: https://developer.atlassian.com/cloud/jira/platform/webhooks/ and /rest/v3/
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from simulators.kit.documents import Documents

Json = dict[str, Any]

PROJECT = {"id": "10000", "key": "ENG", "name": "Engineering"}
STATUSES = (
    ("1", "To Do", "new"),
    ("2", "In Progress", "indeterminate"),
    ("3", "Requested", "indeterminate"),
    ("4", "Done", "done"),
    ("5", "Cancelled", "done"),
)
LONGEST = 32_767
"""Characters of a comment."""


class JiraError(Exception):
    """What Jira refuses, as its ErrorCollection."""

    def __init__(self, status: int, *sentences: str, **errors: str) -> None:
        super().__init__("; ".join(sentences) or str(errors))
        self.status = status
        self.body = {"errorMessages": list(sentences), "errors": errors}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


class Site:
    """`base` is the site's address; `app` the name of the account that the token belongs to."""

    def __init__(self, store: Documents, *, base: str, app: str) -> None:
        self._store = store
        self._base = base
        self.app = self.user(app)

    def user(self, name: str) -> Json:
        account = hashlib.sha256(name.encode()).hexdigest()[:24]
        kind = "app" if name.endswith("-app") else "atlassian"
        return {"accountId": account, "accountType": kind, "displayName": name.title(), "active": True}

    def status(self, name: str) -> Json:
        for number, known, category in STATUSES:
            if name.casefold() in {number, known.casefold()}:
                return {"id": number, "name": known, "statusCategory": {"key": category}}
        raise JiraError(400, f"There is no status {name}.")

    def issue(self, name: str) -> Json:
        """By id or key."""
        found = self._store.get("issue", name)
        found = found or next((one for one in self._store.all("issue") if one["key"] == name), None)
        if found is None:
            raise JiraError(404, "Issue does not exist or you do not have permission to see it.")
        return found

    def new_issue(self, *, summary: str, description: Any, labels: list[str], user: Json) -> Json:  # noqa: ANN401  # text or a document
        number = self._store.next("issue")
        fields = {"summary": summary, "description": description, "labels": labels, "status": self.status("To Do")}
        fields |= {"project": PROJECT, "creator": user, "reporter": user, "created": now(), "updated": now()}
        issue_id = str(10_000 + number)
        where = f"{self._base}/rest/api/2/issue/{issue_id}"
        return self.save({"id": issue_id, "self": where, "key": f"ENG-{number}", "fields": fields})

    def save(self, issue: Json) -> Json:
        self._store.put("issue", issue["id"], issue)
        return issue

    def delete(self, issue: Json) -> None:
        self._store.remove("issue", issue["id"])

    def comments(self, issue_id: str) -> list[Json]:
        return [one for one in self._store.all("comment") if one["issueId"] == issue_id]

    def comment(self, comment_id: str) -> Json:
        found = self._store.get("comment", comment_id)
        if found is None:
            raise JiraError(404, f"Can not find a comment for the id: {comment_id}.")
        return found

    def new_comment(self, issue: Json, body: Json, user: Json, properties: list[Json]) -> Json:
        number = 20_000 + self._store.next("comment")
        made = {"id": str(number), "issueId": issue["id"], "author": user, "body": checked(body), "created": now()}
        return self.save_comment({**made, "updateAuthor": user, "updated": now(), "properties": properties})

    def save_comment(self, comment: Json) -> Json:
        self._store.put("comment", comment["id"], comment)
        return comment

    def delete_comment(self, comment_id: str) -> None:
        self.comment(comment_id)
        self._store.remove("comment", comment_id)

    def links(self, issue_id: str) -> list[Json]:
        return [one for one in self._store.all("link") if one["issueId"] == issue_id]

    def link(self, issue: Json, given: Json) -> tuple[Json, bool]:
        """The link, and whether it is new: one of the same global id on the same issue is replaced."""
        about = given.get("object") or {}
        if not about.get("url") or not about.get("title"):
            raise JiraError(400, url="'url' and 'title' are required.")
        key = f"{issue['id']}/{given.get('globalId') or about['url']}"
        found = self._store.get("link", key)
        number = found["id"] if found else 30_000 + self._store.next("link")
        made = {"id": number, "issueId": issue["id"], "globalId": given.get("globalId"), "object": about}
        self._store.put("link", key, made)
        return made, found is None

    def transitions(self) -> list[Json]:
        """From everywhere to everywhere, as in a simplified workflow."""
        return [
            {"id": f"{number}1", "name": f"Move to {name}", "to": self.status(name)} for number, name, _ in STATUSES
        ]

    def everything(self) -> Json:
        return {
            "issues": [
                {**one, "comments": self.comments(one["id"]), "links": self.links(one["id"])}
                for one in self._store.all("issue")
            ]
        }


def checked(body: Any) -> Json:  # noqa: ANN401  # any JSON
    """Raises JiraError unless it is a document, and none too long."""
    if not isinstance(body, dict) or body.get("type") != "doc" or body.get("version") != 1:
        raise JiraError(400, comment="Comment body is not valid!")
    if len(plain(body)) > LONGEST:
        raise JiraError(400, comment=f"The entered text is too long. It exceeds the allowed limit of {LONGEST}.")
    return body


def plain(node: Any) -> str:  # noqa: ANN401  # any JSON
    """The text of a document, as webhooks have it."""
    if not isinstance(node, dict):
        return str(node or "")
    if node.get("type") == "text":
        return str(node["text"])
    if node.get("type") == "hardBreak":
        return "\n"
    inner = "".join(plain(child) for child in node.get("content", []))
    return f"{inner}\n\n" if node.get("type") in {"paragraph", "heading"} else inner


def document(text: str) -> Json:
    """What somebody typed."""
    lines = [line for line in text.split("\n\n") if line]
    content = [{"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines]
    return {"type": "doc", "version": 1, "content": content}
