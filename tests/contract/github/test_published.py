"""The simulator's answers against GitHub's published description of them."""

import base64
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from jsonschema import Draft202012Validator

from simulators.kit import Simulators

DOCUMENT = json.loads((Path(__file__).parent / "data" / "answers.schema.json").read_text())


def _pattern(operation: str) -> re.Pattern[str]:
    method, path = operation.split()
    last = r"(\{(path|ref|basehead|branch)\})"
    return re.compile(
        f"{method} " + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(re.sub(last, "ANY", path))).replace("ANY", ".+")
    )


PATTERNS = [(operation, _pattern(operation)) for operation in sorted(DOCUMENT["operations"], key=len, reverse=True)]


class Api:
    """Calls the simulator and checks each answer; `checked` are the operations that were."""

    def __init__(self, http: httpx.AsyncClient, repo: str, *, public: str) -> None:
        self._http = http
        self._repo = repo
        self._prefix = httpx.URL(public).path
        self.checked: set[str] = set()

    async def __call__(self, method: str, path: str, *, expect: int = 200, **rest: Any) -> Any:
        answer = await self._http.request(method, path.replace("~", f"repos/{self._repo}"), **rest)
        assert answer.status_code == expect, answer.text
        called = f"{method} {answer.request.url.path.removeprefix(self._prefix)}"
        operation = next(name for name, pattern in PATTERNS if pattern.fullmatch(called))
        schema = DOCUMENT["operations"][operation].get(str(expect))
        if schema is not None:
            errors = list(Draft202012Validator({**schema, "$defs": DOCUMENT["$defs"]}).iter_errors(answer.json()))
            assert not errors, f"{called}: {[(list(each.absolute_path), each.message[:200]) for each in errors[:5]]}"
        self.checked.add(operation)
        return answer.json() if answer.content else None


@pytest.fixture
async def api(simulators: Simulators, repo: str) -> AsyncIterator[Api]:
    headers = {"Authorization": f"Bearer {simulators.config['github']['token']}"}
    async with httpx.AsyncClient(base_url=simulators.github_url, headers=headers, trust_env=False) as http:
        yield Api(http, repo, public=simulators.github_url)


def app_token(simulators: Simulators, *, app_id: int | None = None, minutes: int = 5) -> dict[str, str]:
    config, now = simulators.config["github"], int(time.time())
    claims = {"iat": now - 60, "exp": now + minutes * 60, "iss": str(app_id or config["app_id"])}
    return {"Authorization": f"Bearer {jwt.encode(claims, config['private_key'], algorithm='RS256')}"}


async def test_answers_are_as_published(api: Api, simulators: Simulators):
    head, branch_pull = await git_data(api)
    await repository(api, head)
    await issues(api)
    await pulls(api, branch_pull)
    await api("DELETE", "~/git/refs/heads/a/b", expect=204)
    await app(api, simulators)
    assert sorted(set(DOCUMENT["operations"]) - api.checked) == []


async def git_data(api: Api) -> tuple[str, str]:
    main = (await api("GET", "~/git/ref/heads/main"))["object"]["sha"]
    root = (await api("GET", f"~/git/commits/{main}"))["tree"]["sha"]
    blob = await api("POST", "~/git/blobs", expect=201, json={"content": "hällo\n"})
    assert base64.b64decode((await api("GET", f"~/git/blobs/{blob['sha']}"))["content"]) == "hällo\n".encode()
    entries = [
        {"path": "x/a.txt", "mode": "100644", "type": "blob", "content": "a\n"},
        {"path": "x/b.txt", "mode": "100644", "type": "blob", "sha": blob["sha"]},
    ]
    tree = await api("POST", "~/git/trees", expect=201, json={"base_tree": root, "tree": entries})
    whole = await api("GET", f"~/git/trees/{tree['sha']}", params={"recursive": "1"})
    assert [each["path"] for each in whole["tree"]] == ["README.md", "x", "x/a.txt", "x/b.txt"]
    body = {"message": "Add x", "tree": tree["sha"], "parents": [main]}
    commit = await api("POST", "~/git/commits", expect=201, json=body)
    await api("POST", "~/git/refs", expect=201, json={"ref": "refs/heads/a/b", "sha": main})
    await api("PATCH", "~/git/refs/heads/a/b", json={"sha": commit["sha"]})
    assert len(await api("GET", "~/git/matching-refs/heads/a")) == 1
    return main, "a/b"


async def repository(api: Api, head: str) -> None:
    await api("GET", "~")
    await api("GET", "~/branches")
    await api("GET", "~/branches/a/b")
    await api("GET", "~/commits", params={"path": "x", "sha": "a/b"})
    await api("GET", "~/commits/a/b")
    assert (await api("GET", "~/compare/main...a/b"))["ahead_by"] == 1
    await api("GET", "~/contents/x/a.txt", params={"ref": "a/b"})
    await api("GET", "~/contents/x", params={"ref": "a/b"})
    text = base64.b64encode(b"new").decode()
    made = await api("PUT", "~/contents/new.txt", expect=201, json={"message": "m", "content": text})
    body = {"message": "m", "content": text, "sha": made["content"]["sha"]}
    await api("PUT", "~/contents/new.txt", json=body)
    await api("DELETE", "~/contents/new.txt", json={"message": "m", "sha": made["content"]["sha"]})
    await api("POST", f"~/statuses/{head}", expect=201, json={"state": "success", "context": "ci"})
    await api("GET", f"~/commits/{head}/statuses")
    assert (await api("GET", f"~/commits/{head}/status"))["state"] == "success"


async def issues(api: Api) -> None:
    number = (await api("POST", "~/issues", expect=201, json={"title": "t", "labels": ["bug"]}))["number"]
    await api("GET", f"~/issues/{number}")
    await api("GET", "~/issues", params={"labels": "bug"})
    comment = await api("POST", f"~/issues/{number}/comments", expect=201, json={"body": "b"})
    await api("GET", f"~/issues/{number}/comments")
    await api("GET", f"~/issues/comments/{comment['id']}")
    await api("PATCH", f"~/issues/comments/{comment['id']}", json={"body": "c"})
    await api("DELETE", f"~/issues/comments/{comment['id']}", expect=204)
    await api("POST", "~/labels", expect=201, json={"name": "wish", "color": "ff0000"})
    await api("GET", "~/labels")
    await api("POST", f"~/issues/{number}/labels", json={"labels": ["wish"]})
    await api("GET", f"~/issues/{number}/labels")
    await api("DELETE", f"~/issues/{number}/labels/wish")
    closed = await api("PATCH", f"~/issues/{number}", json={"state": "closed", "body": "done"})
    assert (closed["state"], closed["state_reason"]) == ("closed", "completed")


async def pulls(api: Api, branch: str) -> None:
    body = {"title": "t", "head": branch, "base": "main"}
    pull = await api("POST", "~/pulls", expect=201, json=body)
    url = f"~/pulls/{pull['number']}"
    assert (await api("GET", url))["mergeable"] is True
    assert len(await api("GET", f"~/commits/{pull['head']['sha']}/pulls")) == 1
    await api("GET", "~/pulls", params={"head": f"acme:{branch}"})
    await api("PATCH", url, json={"title": "better"})
    await api("GET", f"{url}/files")
    await api("GET", f"{url}/commits")
    review = await api("POST", f"{url}/reviews", json={"event": "COMMENT", "body": "hm"})
    await api("GET", f"{url}/reviews")
    await api("GET", f"{url}/reviews/{review['id']}")
    await api("PUT", f"{url}/merge", json={"sha": pull["head"]["sha"]})
    await api("GET", f"{url}/merge", expect=204)


async def app(api: Api, simulators: Simulators) -> None:
    headers = app_token(simulators)
    await api("GET", "app", headers=headers)
    await api("GET", "app/installations", headers=headers)
    await api("GET", "app/installations/42", headers=headers)
    await api("GET", "~/installation", headers=headers)
    token = await api("POST", "app/installations/42/access_tokens", expect=201, headers=headers)
    await api("GET", "~", headers={"Authorization": f"token {token['token']}"})
    await api("GET", "user")
    await api("GET", "users/ccb-bot%5Bbot%5D")
    await api("GET", "meta")


async def test_the_rate_limit_does_not_count_against_itself(simulators: Simulators):
    headers = {"Authorization": f"Bearer {simulators.config['github']['token']}"}
    async with httpx.AsyncClient(base_url=simulators.github_url, headers=headers, trust_env=False) as http:
        first, second = [(await http.get("rate_limit")).json()["rate"]["remaining"] for _ in range(2)]
        assert first == second
        answer = await http.get("user")
        assert int(answer.headers["x-ratelimit-remaining"]) == first - 1
        again = await http.get("user", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"app_id": 1}, "Integration not found"), ({"minutes": -1}, "Expiration"), ({"minutes": 60}, "too far")],
)
async def test_an_app_token_that_is_wrong(simulators: Simulators, changes, message):
    async with httpx.AsyncClient(base_url=simulators.github_url, trust_env=False) as http:
        answer = await http.get("app", headers=app_token(simulators, **changes))
    assert answer.status_code == 401
    assert message in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "~/nothing", None, 404, "Not Found"),
        ("GET", "~/issues/99", None, 404, "Not Found"),
        ("POST", "~/issues", {}, 422, "Validation Failed"),
        ("POST", "~/git/refs", {"ref": "heads/x", "sha": "0" * 40}, 422, "not a valid ref name"),
        ("POST", "~/git/refs", {"ref": "refs/heads/main", "sha": "0" * 40}, 422, "Reference already exists"),
        ("POST", "~/git/refs", {"ref": "refs/heads/x", "sha": "0" * 40}, 422, "Object does not exist"),
        ("DELETE", "~/git/refs/heads/x", None, 422, "Reference does not exist"),
        ("POST", "~/git/trees", {"tree": [{"path": "/x", "mode": "100644", "content": ""}]}, 422, "slash"),
        ("POST", "~/git/trees", {"tree": [{"path": "../x", "mode": "100644", "content": ""}]}, 422, "malformed"),
        ("POST", "~/git/trees", {"tree": [{"path": "x", "mode": "100644", "sha": None}]}, 422, "BadObjectState"),
        ("POST", "~/pulls", {"title": "t", "head": "x", "base": "main"}, 422, "Validation Failed"),
    ],
)
async def test_refusals(api: Api, world, method, path, body, status, message):
    answer = await world.http.request(method, path.replace("~", f"repos/{world.repo}"), json=body)
    assert answer.status_code == status
    assert message in answer.json()["message"]
    assert answer.json()["documentation_url"]
    assert answer.json()["status"] == str(status)
