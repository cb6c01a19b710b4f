"""The API's client: HTTP with a key, answers as our own types, errors as `CliError`s."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ConfigDict, JsonValue, SecretStr, TypeAdapter, ValidationError

from cli import credentials
from cli.errors import CliError, Refused, Unreachable
from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.comparison import VersionComparison
from domain.conversation import LimitStanding
from domain.dependencies import Order, Relations
from domain.deployments import Deployment
from domain.people import Person
from domain.registry import RegistryEntry, Version
from domain.runs import RunStatus
from domain.testing import TestRun, TestRunDetail
from domain.vendors import LogLine

AGENT = f"ccb-cli/{version('ccb')}"
_TIMEOUT = httpx.Timeout(40.0, connect=5.0)
_Model = TypeVar("_Model", bound=Data)


class Run(Data):
    """Where a run stands, as the API answers it."""

    workflow_id: str
    run_id: str
    source: str
    temporal_url: str
    status: RunStatus


class Started(Data):
    integration_id: str
    workflow_id: str
    run_id: str
    status_url: str


class Document(Data):
    artifact: ArtifactRef
    summary: str


class Secret(Data):
    """A secret of an integration, without its value. `required` is None where no plan names it."""

    name: str
    description: str
    required: bool | None
    is_set: bool


class _Detail(Data):
    """What of an integration the commands need; the rest is passed over."""

    model_config = ConfigDict(extra="ignore")

    registry: RegistryEntry | None


_DEPLOYMENTS = TypeAdapter(list[Deployment])
_PEOPLE = TypeAdapter(list[Person])
_VERSIONS = TypeAdapter(list[Version])
_SECRETS = TypeAdapter(list[Secret])
_TESTS = TypeAdapter(list[TestRun])
_LIMITS = TypeAdapter(list[LimitStanding])


class Api:
    """All methods raise `CliError`s only."""

    def __init__(self, url: str, auth: httpx.Auth) -> None:
        self._url = url
        headers = {"User-Agent": AGENT, "Accept": "application/json, */*;q=0.5"}
        # A proxy of the environment has no business between us and a stack on this machine.
        self._http = httpx.Client(base_url=url, headers=headers, auth=auth, timeout=_TIMEOUT, trust_env=False)

    @classmethod
    def at(cls, api_url: str | None, key: str | None, key_file: Path | None, data_dir: Path) -> Self:
        """The API that the options name."""
        return cls(*credentials.chosen(api_url, key, key_file, data_dir, AGENT))

    def act_in(self, organization_id: str) -> None:
        """From now on; without it, in the caller's home."""
        self._http.headers["CCB-Organization"] = organization_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def upload(self, document: bytes) -> Document:
        return self._parsed(Document, self._send("POST", "/api/v1/documents", content=document))

    def create(self, request: dict[str, JsonValue], *, key: str) -> Started:
        """`key` makes a repeat safe."""
        headers = {"Idempotency-Key": key}
        return self._parsed(Started, self._send("POST", "/api/v1/integrations", json=request, headers=headers))

    def run(self, name: str) -> Run:
        return self._parsed(Run, self._send("GET", _path(name, "run")))

    def tell(self, name: str, what: str, body: dict[str, JsonValue]) -> Run:
        """`what` is `reviews`, `abandon`, `budget`, `pause` or `resume`."""
        return self._parsed(Run, self._send("POST", _path(name, what), json=body))

    def retry(self, name: str, body: dict[str, JsonValue]) -> Started:
        """Start the run that failed again."""
        return self._parsed(Started, self._send("POST", _path(name, "retry"), json=body))

    def start(self, name: str, what: str, body: dict[str, JsonValue], *, key: str) -> Started:
        """`what` is `update`, `deployments`, `promote` or `rollback`; `key` makes a repeat safe."""
        headers = {"Idempotency-Key": key}
        return self._parsed(Started, self._send("POST", _path(name, what), json=body, headers=headers))

    def undeprecate(self, name: str, reason: str, *, key: str) -> Started:
        path, headers = _path(name, "deprecate"), {"Idempotency-Key": key}
        return self._parsed(Started, self._send("DELETE", path, params={"reason": reason}, headers=headers))

    def dependencies(self, name: str) -> Relations:
        return self._parsed(Relations, self._send("GET", _path(name, "dependencies")))

    def order(self) -> Order:
        """In which order to deploy all that is registered."""
        return self._parsed(Order, self._send("GET", "/api/v1/dependencies"))

    def deployments(self, name: str) -> list[Deployment]:
        """The newest change first."""
        return self._all(_DEPLOYMENTS, self._send("GET", _path(name, "deployments")))

    def logs(self, name: str, *, limit: int, follow: bool) -> Iterator[LogLine]:
        query = {"limit": limit, "follow": follow}
        timeout = httpx.Timeout(40.0, connect=5.0, read=None if follow else 40.0)
        with (
            self._reached(),
            self._http.stream("GET", _path(name, "logs"), params=query, timeout=timeout) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise _refused(answer)
            for line in answer.iter_lines():
                yield self._checked(LogLine, line)

    def stream(self, name: str, *, since: str, last_event_id: str | None) -> Iterator[bytes]:
        """The bytes of the run's event stream, as they come, until the API ends it."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
        query = {"since": since}
        with self._reached(), self._http.stream("GET", _path(name, "stream"), params=query, headers=headers) as answer:
            if answer.is_error:
                answer.read()
                raise _refused(answer)
            yield from answer.iter_bytes()

    def versions(self, name: str) -> list[Version]:
        """Oldest first."""
        return self._all(_VERSIONS, self._send("GET", _path(name, "versions")))

    def serving(self, name: str) -> str | None:
        """The version that the registry names; None if none serves."""
        found = self._parsed(_Detail, self._send("GET", _path(name)))
        return found.registry.version if found.registry else None

    def compare(self, name: str, before: str, after: str) -> VersionComparison:
        return self._parsed(VersionComparison, self._send("GET", _path(name, "versions", before, "compare", after)))

    def annotate(self, name: str, version: str, text: str) -> Version:
        path = _path(name, "versions", version, "annotation")
        return self._parsed(Version, self._send("PUT", path, json={"text": text}))

    def bundle(self, name: str, version: str) -> bytes:
        return self._send("GET", _path(name, "versions", version, "bundle")).content

    def start_test(self, name: str, version: str | None) -> TestRun:
        return self._parsed(TestRun, self._send("POST", _path(name, "test"), json={"version": version}))

    def tests(self, name: str, *, limit: int) -> list[TestRun]:
        """Newest first."""
        return self._all(_TESTS, self._send("GET", _path(name, "tests"), params={"limit": limit}))

    def test(self, name: str, test_id: str) -> TestRunDetail:
        return self._parsed(TestRunDetail, self._send("GET", _path(name, "tests", test_id)))

    def ask(self, model: type[_Model], path: str, *, method: str = "GET") -> _Model:
        return self._parsed(model, self._send(method, path))

    def call(self, method: str, path: str, body: Mapping[str, JsonValue] | None = None) -> bytes:
        return self._send(method, path, json=body).content

    def change(self, model: type[_Model], path: str, body: Mapping[str, JsonValue], *, if_match: str) -> _Model:
        """Change what was read; refused if it has changed since."""
        return self._parsed(model, self._send("PUT", path, json=body, headers={"If-Match": if_match}))

    def people(self) -> list[Person]:
        return self._all(_PEOPLE, self._send("GET", "/api/v1/people"))

    def add_person(self, person: dict[str, JsonValue]) -> Person:
        return self._parsed(Person, self._send("POST", "/api/v1/people", json=person))

    def limits(self) -> list[LimitStanding]:
        return self._all(_LIMITS, self._send("GET", "/api/v1/limits"))

    def set_limits(self, body: dict[str, JsonValue]) -> list[LimitStanding]:
        return self._all(_LIMITS, self._send("PUT", "/api/v1/limits", json=body))

    def secrets(self, name: str) -> list[Secret]:
        return self._all(_SECRETS, self._send("GET", _path(name, "secrets")))

    def set_secret(self, name: str, secret: str, value: SecretStr) -> None:
        """`secret` is its name, as an environment variable's."""
        self._send("PUT", _path(name, "secrets", secret), json={"value": value.get_secret_value()})

    def _send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, JsonValue] | None = None,
        content: bytes | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        with self._reached():
            answer = self._http.request(method, path, json=json, content=content, params=params, headers=headers)
        if answer.is_error:
            raise _refused(answer)
        return answer

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            raise Unreachable(f"The API at {self._url} did not answer in time: see that `ccb up` runs.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"Nothing answers at {self._url}: start the stack with `ccb up`.") from error

    def _parsed(self, model: type[_Model], answer: httpx.Response) -> _Model:
        return self._checked(model, answer.content)

    def _all(self, models: TypeAdapter[list[_Model]], answer: httpx.Response) -> list[_Model]:
        try:
            return models.validate_json(answer.content)
        except ValidationError as error:
            raise self._strange() from error

    def _checked(self, model: type[_Model], data: bytes | str) -> _Model:
        try:
            return model.model_validate_json(data)
        except ValidationError as error:
            raise self._strange() from error

    def _strange(self) -> CliError:
        return Unreachable(f"What answers at {self._url} is not this version of ccb's API: see --api-url.")


def _path(name: str, *more: str) -> str:
    safe = "".join(letter for letter in name if letter.isascii() and (letter.isalnum() or letter in "-_"))
    if safe != name or not name:
        raise Refused(
            {
                "type": "urn:ccb:error:not_found",
                "title": "Not found",
                "status": 404,
                "detail": f"There is no integration named {name!r}; `ccb list` shows them all.",
                "code": "not_found",
            }
        )
    return "/".join(["/api/v1/integrations", name, *(quote(one, safe="") for one in more)])


def _refused(answer: httpx.Response) -> CliError:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "code" in problem:
        return Refused(problem)
    return Unreachable(
        f"What answers at {answer.url.host} is not ccb's API (HTTP {answer.status_code}): see --api-url."
    )
