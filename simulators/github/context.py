"""A request as a handler sees it, the answers GitHub gives, its errors and its pages."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, NoReturn
from urllib.parse import urlencode

from simulators.github.git import Git, Missing
from simulators.github.models import Config, Delivery, Json, Repo, User, now
from simulators.github.objects import Identity
from simulators.github.store import Store

DOCS = "https://docs.github.com/rest"


class ApiError(Exception):
    """An answer that is an error, with GitHub's body."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Json] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: Json = {"message": message}
        if errors:
            self.body["errors"] = list(errors)
        self.body |= {"documentation_url": DOCS, "status": str(status)}


def not_found() -> ApiError:
    return ApiError(404, "Not Found")


def invalid(resource: str, field: str, code: str = "invalid", message: str | None = None) -> ApiError:
    """422 as GitHub's validation writes it; with a `message`, the error's code is `custom`."""
    error: Json = {"resource": resource, "code": "custom" if message else code, "field": field}
    if message:
        error["message"] = message
    return ApiError(422, "Validation Failed", errors=[error])


def refuse(message: str) -> NoReturn:
    """422 with a sentence and no list of fields, as the git data endpoints answer."""
    raise ApiError(422, message)


class Reply(NamedTuple):
    body: Json | list[Json] | None
    status: int = 200
    headers: Mapping[str, str] = {}


class Context:
    """Who asks for what, and where. `acting` is the login in whose name things are done."""

    def __init__(
        self,
        *,
        store: Store,
        config: Config,
        origin: str,
        path: str,
        params: Mapping[str, str | int],
        query: Mapping[str, str],
        body: Json,
        acting: str,
    ) -> None:
        self.store = store
        self.config = config
        self.api = f"{origin}/github/api/v3"
        self.html = f"{origin}/github"
        self.path = path
        self.params = params
        self.query = query
        self.body = body
        self.acting = acting
        self.deliveries: list[Delivery] = []

    def repo(self) -> Repo:
        """The repository of the path, or of the body's `repository` where people act."""
        if "owner" in self.params:
            name = f"{self.params['owner']}/{self.params['repo']}"
        else:
            name = self.body.get("repository") or self.config.repository
        found = self.store.get(Repo, name.lower())
        if found is None:
            raise not_found()
        return found

    def git(self, repo: Repo) -> Git:
        return Git(self.store, repo.key)

    def number(self, name: str = "number") -> int:
        return int(self.params[name])

    def text(self, field: str, *, resource: str, limit: int = 65_536) -> str:
        """A field that must be a non-empty string."""
        value = self.body.get(field)
        if not isinstance(value, str) or not value.strip():
            raise invalid(resource, field, "missing_field")
        if len(value) > limit:
            raise invalid(resource, field, message=f"{field} is too long (maximum is {limit} characters)")
        return value

    def optional(self, field: str, *, resource: str, limit: int = 65_536) -> str | None:
        if self.body.get(field) is None:
            return None
        return self.text(field, resource=resource, limit=limit) if self.body[field] else ""

    def user(self, login: str) -> User:
        """Any name is a user from the first time it is used."""
        found = self.store.get(User, login.lower())
        if found is None:
            kind = "Bot" if login.endswith("[bot]") else "User"
            found = User(id=self.store.new_id(), login=login, type=kind, created_at=now())
            self.store.put(found)
        return found

    def identity(self, login: str | None = None) -> Identity:
        """As GitHub signs commits made by its API."""
        user = self.user(login or self.acting)
        return Identity(user.login, f"{user.id}+{user.login}@users.noreply.github.com", now())

    def resolve(self, repo: Repo, ref: str) -> str:
        """The commit that `ref` (a branch, a tag, `heads/x`, a full ref or a sha) names. Raises 404."""
        git = self.git(repo)
        for name in (f"refs/heads/{ref}", f"refs/tags/{ref}", f"refs/{ref}", ref):
            if sha := self.store.ref(repo.key, name):
                return sha
        if git.has(ref, "commit"):
            return ref
        raise not_found()

    def page(self, items: Sequence[Json]) -> Reply:
        """One page of `items`, with GitHub's Link header."""
        size = min(max(self._int("per_page", 30), 1), 100)
        page = max(self._int("page", 1), 1)
        last = max(-(-len(items) // size), 1)
        links = {"prev": page - 1} if page > 1 else {}
        links |= {"next": page + 1, "last": last} if page < last else {}
        links |= {"first": 1} if page > 1 else {}
        header = ", ".join(
            f'<{self.api}{self.path}?{urlencode({**self.query, "page": number})}>; rel="{name}"'
            for name, number in links.items()
        )
        return Reply(list(items[(page - 1) * size : page * size]), headers={"Link": header} if header else {})

    def _int(self, name: str, default: int) -> int:
        value = self.query.get(name, "")
        return int(value) if value.isdigit() else default


Handler = Callable[[Context], Reply]
RouteTable = list[tuple[str, str, Handler]]

__all__ = ["ApiError", "Context", "Handler", "Missing", "Reply", "RouteTable", "invalid", "not_found", "refuse"]
