"""`ccb login`, `ccb logout`, `ccb whoami`: acting as a person, without a key."""

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from pydantic import ConfigDict, ValidationError

from cli import options, output
from cli.client import AGENT, Api
from cli.connection import connected
from cli.credentials import refuse_plain, tokens_of
from cli.errors import CliError, Unreachable, reported
from cli.options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json
from cli.output import said
from cli.tokens import TokenFile, Tokens
from domain.base import Data

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER = 5.0
_TIMEOUT = httpx.Timeout(20.0, connect=5.0)


class _Asked(Data):
    """RFC 8628 §3.2."""

    model_config = ConfigDict(extra="ignore")

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None = None
    expires_in: float
    interval: float = 5.0


class Waiting(Data):
    """What a person has to do now."""

    user_code: str
    verification_uri: str
    verification_uri_complete: str


class Me(Data):
    """Who acts here."""

    model_config = ConfigDict(extra="ignore")

    id: str
    name: str
    email: str | None = None
    roles: list[str] = []


def login(api_url: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: Json = False) -> None:
    """Log in by a browser, on this machine or another, and keep the session for the commands that follow."""
    with reported(as_json=as_json):
        url = options.api_url(api_url, data_dir)
        refuse_plain(url)
        with httpx.Client(base_url=url, timeout=_TIMEOUT, trust_env=False, headers={"User-Agent": AGENT}) as http:
            asked = _asked(http, url)
            complete = asked.verification_uri_complete or asked.verification_uri
            if as_json:
                output.print_json(
                    Waiting(
                        user_code=asked.user_code,
                        verification_uri=asked.verification_uri,
                        verification_uri_complete=complete,
                    )
                )
            else:
                said(f"Open {complete}")
                said(f"and allow it if the code there is {asked.user_code}. Waiting.", style="bold")
            tokens = _polled(http, url, asked)
            _keep(url, tokens)
            me = _me(http, url, tokens)
        if as_json:
            output.print_json(me)
        else:
            said(f"Logged in at {url} as {me.name}.")


def logout(api_url: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: Json = False) -> None:
    """End the session of `ccb login`, here and at the API."""
    with reported(as_json=as_json):
        url = options.api_url(api_url, data_dir)
        file = TokenFile(url)
        with file.locked():
            tokens = file.read()
            file.write(None)
        if tokens is not None:
            _end(url, tokens)
        if as_json:
            output.print_json(Ended(ended=tokens is not None))
        else:
            said(f"Logged out at {url}." if tokens is not None else f"Nobody was logged in at {url}.")


class Ended(Data):
    ended: bool


@connected
def whoami(api: Api, as_json: Json = False) -> None:
    """Say as whom commands act: by a key, or by the session of `ccb login`."""
    me = api.ask(Me, "/api/v1/me")
    if as_json:
        output.print_json(me)
    else:
        said(f"{me.name} ({me.id}), {', '.join(me.roles) or 'without a role'}")


def _asked(http: httpx.Client, url: str) -> _Asked:
    with _reached(url):
        answer = http.post("/api/v1/auth/device", data={"client_id": f"ccb on {platform.node() or 'a machine'}"})
    try:
        return _Asked.model_validate_json(answer.content)
    except ValidationError as error:
        raise Unreachable(f"What answers at {url} is not this version of ccb's API: see --api-url.") from error


def _polled(http: httpx.Client, url: str, asked: _Asked) -> Tokens:
    """Waits as RFC 8628 §3.5 says: longer when told to, and on when the connection fails."""
    interval, ends = max(asked.interval, 0.1), time.monotonic() + asked.expires_in
    body = {"grant_type": _GRANT, "device_code": asked.device_code, "client_id": "ccb"}
    while time.monotonic() < ends:
        time.sleep(interval)
        try:
            answer = http.post("/api/v1/auth/device/token", data=body)
        except httpx.TransportError:
            interval *= 2
            continue
        if answer.is_success:
            return tokens_of(answer, url)
        match _error_of(answer):
            case "authorization_pending":
                pass
            case "slow_down":
                interval += _SLOWER
            case "access_denied":
                raise CliError("You have refused it in the browser.", exit_code=2, code="access_denied")
            case "expired_token":
                break
            case _:
                raise Unreachable(f"The API at {url} ended this (HTTP {answer.status_code}): try again.")
    raise CliError("Nobody allowed it in time: begin again with `ccb login`.", exit_code=2, code="expired_token")


def _error_of(answer: httpx.Response) -> str:
    try:
        body: Any = answer.json()
    except ValueError:
        return ""
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return "slow_down"
    return str(body.get("error", "")) if isinstance(body, dict) else ""


def _keep(url: str, tokens: Tokens) -> None:
    """In place of a former session, which is ended."""
    file = TokenFile(url)
    with file.locked():
        former = file.read()
        file.write(tokens)
    if former is not None:
        _end(url, former)


def _me(http: httpx.Client, url: str, tokens: Tokens) -> Me:
    with _reached(url):
        headers = {"Authorization": f"Bearer {tokens.access_token.get_secret_value()}"}
        answer = http.get("/api/v1/me", headers=headers)
    try:
        return Me.model_validate_json(answer.content)
    except ValidationError as error:
        raise Unreachable(f"What answers at {url} is not this version of ccb's API: see --api-url.") from error


def _end(url: str, tokens: Tokens) -> None:
    """At the API too; what is over there already, or cannot be reached, is forgotten here all the same."""
    refuse_plain(url)
    headers = {"User-Agent": AGENT}
    with _reached(url), httpx.Client(base_url=url, timeout=_TIMEOUT, trust_env=False, headers=headers) as http:
        if not tokens.fresh:
            body = {"refresh_token": tokens.refresh_token.get_secret_value()}
            answer = http.post("/api/v1/auth/refresh", json=body)
            if answer.is_error:
                return
            tokens = tokens_of(answer, url)
        http.post("/api/v1/auth/logout", headers={"Authorization": f"Bearer {tokens.access_token.get_secret_value()}"})


@contextmanager
def _reached(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise Unreachable(f"Nothing answers at {url}: see that the API runs, or give --api-url.") from error
