"""What a command shows the API: a key, or the session of `ccb login`, which is renewed as needed."""

import ipaddress
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr, ValidationError

from cli import options
from cli.errors import BadInput, CliError, Unreachable
from cli.tokens import TokenFile, Tokens

REFRESH_PATH = "/api/v1/auth/refresh"
_TIMEOUT = httpx.Timeout(20.0, connect=5.0)


class KeyAuth(httpx.Auth):
    def __init__(self, key: SecretStr) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        yield request


class SessionAuth(httpx.Auth):
    """Renews the tokens before they end, and once more if the API takes them for over. Raises CliErrors."""

    def __init__(self, file: TokenFile, agent: str) -> None:
        self._file = file
        self._agent = agent

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        tokens = self._file.read()
        if tokens is None or not tokens.fresh:
            tokens = self._renewed(tokens)
        answer = yield _signed(request, tokens)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            yield _signed(request, self._renewed(tokens))

    def _renewed(self, former: Tokens | None) -> Tokens:
        """Others may have renewed them meanwhile: then theirs are taken."""
        with self._file.locked():
            now = self._file.read()
            if now is None:
                raise logged_out()
            if former is not None and now.access_token != former.access_token:
                return now
            try:
                fresh = self._asked(now)
            except CliError as error:
                if error.problem.get("code") == "logged_out":
                    self._file.write(None)
                raise
            self._file.write(fresh)
            return fresh

    def _asked(self, tokens: Tokens) -> Tokens:
        body = {"refresh_token": tokens.refresh_token.get_secret_value()}
        url = f"{self._file.url}{REFRESH_PATH}"
        try:
            answer = httpx.post(url, json=body, headers={"User-Agent": self._agent}, timeout=_TIMEOUT, trust_env=False)
        except httpx.HTTPError as error:
            raise Unreachable(f"Nothing answers at {self._file.url}, so the session cannot go on for now.") from error
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise logged_out()
        if answer.is_error:
            raise Unreachable(f"The session cannot go on for now (HTTP {answer.status_code}): try again.")
        return tokens_of(answer, self._file.url)


def chosen(
    given: str | None, key: str | None, key_file: Path | None, data_dir: Path, agent: str
) -> tuple[str, httpx.Auth]:
    """Where the API is, and what is shown it: a key that is named, else the operator's of the stack that runs there,
    else the session of `ccb login`.
    """
    url = options.api_url(given, data_dir)
    named = key_file is not None or bool(key)
    file = TokenFile(url)
    if (
        not named
        and not (_of_stack(url, data_dir) and (data_dir / "operator.key").exists())
        and file.read() is not None
    ):
        refuse_plain(url)
        return url, SessionAuth(file, agent)
    return url, KeyAuth(options.api_key(key, key_file, data_dir))


def refuse_plain(url: str) -> None:
    """Raises BadInput where tokens would cross a network without encryption."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not _loopback(parts.hostname or ""):
        raise BadInput(
            f"{url} is not encrypted, and whoever listens could act as you: give its https:// address with --api-url.",
            code="not_encrypted",
        )


def tokens_of(answer: httpx.Response, url: str) -> Tokens:
    """Raises Unreachable for what is no answer of ours."""
    try:
        body: Any = answer.json()
        return Tokens.answered(body)
    except (ValueError, ValidationError, KeyError, TypeError) as error:
        raise Unreachable(f"What answers at {url} is not this version of ccb's API: see --api-url.") from error


def logged_out() -> BadInput:
    return BadInput("You are not logged in any more: log in again with `ccb login`.", code="logged_out")


def _signed(request: httpx.Request, tokens: Tokens) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {tokens.access_token.get_secret_value()}"
    return request


def _of_stack(url: str, data_dir: Path) -> bool:
    """Whether the stack of the data directory is what answers there: its operator's key is nobody else's business.

    Where no stack was started, a key that lies there is taken for the API's that is named.
    """
    try:
        stack: Any = json.loads((data_dir / "stack.json").read_text())
    except (OSError, ValueError):
        return True
    mine = stack.get("api_url") if isinstance(stack, dict) else None
    return not isinstance(mine, str) or mine.rstrip("/") == url


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
