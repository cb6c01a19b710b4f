"""GitHub's OAuth ("Authorizing OAuth apps" in its documentation): no ID token, so GitHub's API says who it is.

People are known by their number, which is theirs for good; names can be given up and taken by others.
"""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from adapters.oidc.allowed import admitted
from adapters.oidc.http import Http
from adapters.oidc.requests import authorization_url, token_form
from adapters.oidc.settings import ProviderSettings
from adapters.oidc.wire import GitHubEmail, GitHubOrganization, GitHubUser, TokenAnswer
from domain.errors import Unauthenticated, VendorRejected
from domain.federation import Proven

_EMAILS = TypeAdapter(list[GitHubEmail])
_ORGANIZATIONS = TypeAdapter(list[GitHubOrganization])
_Item = TypeVar("_Item")


class GitHubProvider:
    """The `IdentityProvider` port."""

    def __init__(self, name: str, settings: ProviderSettings, http: Http) -> None:
        self.name = name
        self.title = settings.title or "GitHub"
        self._settings = settings
        self._http = http
        self._site, self._api = settings.site_url.rstrip("/"), settings.api_url.rstrip("/")

    async def begin(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        del nonce  # OAuth has none: there is no ID token that could be of another login, and PKCE binds the code
        return authorization_url(
            f"{self._site}/login/oauth/authorize",
            client_id=self._settings.client_id,
            redirect_uri=redirect_uri,
            scope="user:email read:org" if self._settings.allowed_organizations else "user:email",
            state=state,
            verifier=verifier,
        )

    async def finish(self, code: str, *, redirect_uri: str, nonce: str, verifier: str, issuer: str | None) -> Proven:
        del nonce
        if issuer is not None and issuer.rstrip("/") not in {self._site, f"{self._site}/login/oauth"}:
            raise Unauthenticated("This answer is of another provider than the one that was asked. Log in again.")
        token = await self._redeem(code, redirect_uri=redirect_uri, verifier=verifier)
        user = (await self._http.get(f"{self._api}/user", token=token)).good().parsed(GitHubUser)
        emails = await self._list(_EMAILS, "user/emails", token)
        email = next((one.email for one in emails if one.primary and one.verified), None)
        organizations: list[str] = []
        if self._settings.allowed_organizations:
            listed = await self._list(_ORGANIZATIONS, "user/orgs?per_page=100", token)
            organizations = [one.login for one in listed]
        proven = Proven(issuer=self._site, subject=str(user.id), name=user.login, email=email, login=user.login)
        return admitted(proven, self._settings, self.title, organizations)

    async def _redeem(self, code: str, *, redirect_uri: str, verifier: str) -> str:
        client = (self._settings.client_id, self._settings.client_secret.get_secret_value())
        form = token_form(code, redirect_uri=redirect_uri, verifier=verifier, client=client)
        answer = (await self._http.post(f"{self._site}/login/oauth/access_token", form)).good().parsed(TokenAnswer)
        if answer.error == "bad_verification_code":
            raise Unauthenticated(f"{self.title} does not take this code: it is over, or was used. Log in again.")
        if answer.access_token is None:
            raise VendorRejected(f"{self.title} refuses us: {(answer.error or 'no token')[:80]}.", vendor=self.name)
        return answer.access_token

    async def _list(self, model: TypeAdapter[list[_Item]], path: str, token: str) -> list[_Item]:
        answer = (await self._http.get(f"{self._api}/{path}", token=token)).good()
        try:
            return model.validate_json(answer.body)
        except ValidationError as error:
            raise VendorRejected(f"What {self.title} answered cannot be read.", vendor=self.name) from error
