"""PyGithub, set up: one client a thread, because a client carries the request under way."""

import threading

import jwt
from github import Auth, Github, GithubIntegration

from adapters.github.settings import GitHubSettings
from domain.errors import InvalidInput

# Seconds to connect, and between bytes of an answer.
TIMEOUT = 20


class Clients:
    """Clients of GitHub as the token's owner, or as the App's installation.

    Raises InvalidInput if the settings hold neither, or the key is not one.
    """

    def __init__(self, settings: GitHubSettings) -> None:
        self._settings = settings
        self._app = _app_auth(settings)
        self._local = threading.local()
        self._open: list[Github] = []
        self._lock = threading.Lock()

    def github(self) -> Github:
        """The client of the calling thread. Not a lazy one: PyGithub's lazy refs cannot be edited (wrong URL)."""
        found: Github | None = getattr(self._local, "github", None)
        if found is None:
            found = Github(
                auth=self._auth(),
                base_url=self._settings.base_url,
                timeout=TIMEOUT,
                user_agent="ccb",
                per_page=100,
                retry=None,
                seconds_between_requests=0,
                seconds_between_writes=0,
            )
            self._local.github = found
            with self._lock:
                self._open.append(found)
        return found

    def bot_login(self) -> str:
        """Who our comments are by. An installation may not ask who it is, so the App itself does."""
        if self._app is None:
            return self.github().get_user().login
        integration = GithubIntegration(
            auth=self._app,
            base_url=self._settings.base_url,
            timeout=TIMEOUT,
            user_agent="ccb",
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )
        try:
            return f"{integration.get_app().slug}[bot]"
        finally:
            integration.close()

    def close(self) -> None:
        with self._lock:
            for client in self._open:
                client.close()
            self._open.clear()

    def _auth(self) -> Auth.Auth:
        if self._app is not None and self._settings.installation_id is not None:
            # Of its own for each client: it keeps the client that it fetches its token with.
            return Auth.AppInstallationAuth(self._app, self._settings.installation_id)
        token = self._settings.token
        return Auth.Token(token.get_secret_value() if token else "")


def _app_auth(settings: GitHubSettings) -> Auth.AppAuth | None:
    if settings.app_id is None:
        if settings.token is None or not settings.token.get_secret_value():
            raise InvalidInput(
                "No GitHub credentials. Set CCB_GITHUB_TOKEN, or CCB_GITHUB_APP_ID, _PRIVATE_KEY and _INSTALLATION_ID.",
                field="CCB_GITHUB_TOKEN",
            )
        return None
    if settings.private_key is None or settings.installation_id is None:
        raise InvalidInput(
            "A GitHub App needs CCB_GITHUB_PRIVATE_KEY and CCB_GITHUB_INSTALLATION_ID as well.",
            field="CCB_GITHUB_PRIVATE_KEY",
        )
    # Environment files often hold the key on one line.
    auth = Auth.AppAuth(settings.app_id, settings.private_key.get_secret_value().replace("\\n", "\n") or "none")
    try:
        auth.create_jwt()
    except (ValueError, jwt.PyJWTError):
        raise InvalidInput(
            "CCB_GITHUB_PRIVATE_KEY is not an RSA private key in PEM.", field="CCB_GITHUB_PRIVATE_KEY"
        ) from None
    return auth
