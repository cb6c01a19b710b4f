"""An OpenID provider, found by discovery."""

from urllib.parse import quote_plus

from adapters.oidc.allowed import admitted
from adapters.oidc.cached import Cached, Clock
from adapters.oidc.http import Http
from adapters.oidc.idtoken import UnknownKey, subject_of
from adapters.oidc.requests import authorization_url, token_form
from adapters.oidc.settings import ProviderSettings
from adapters.oidc.wire import KeySet, Metadata, TokenAnswer, UserInfo
from domain.errors import Unauthenticated, VendorRejected
from domain.federation import Proven

SCOPE = "openid email profile"


class OpenIdProvider:
    """The `IdentityProvider` port."""

    def __init__(self, name: str, settings: ProviderSettings, http: Http, *, cache: float, clock: Clock) -> None:
        self.name = name
        self.title = settings.title or name.title()
        self._settings = settings
        self._http = http
        self._metadata = Cached(self._discover, seconds=cache, clock=clock)
        self._keys = Cached(self._fetch_keys, seconds=cache, clock=clock)

    async def begin(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        metadata = await self._metadata.get()
        return authorization_url(
            metadata.authorization_endpoint,
            client_id=self._settings.client_id,
            redirect_uri=redirect_uri,
            scope=SCOPE,
            state=state,
            verifier=verifier,
            nonce=nonce,
        )

    async def finish(self, code: str, *, redirect_uri: str, nonce: str, verifier: str, issuer: str | None) -> Proven:
        metadata = await self._metadata.get()
        expected = metadata.authorization_response_iss_parameter_supported
        if issuer != metadata.issuer and (expected or issuer is not None):
            raise Unauthenticated("This answer is of another provider than the one that was asked. Log in again.")
        answer = await self._redeem(metadata, code, redirect_uri=redirect_uri, verifier=verifier)
        if answer.access_token is None or answer.id_token is None:
            raise VendorRejected(f"{self.title} answered without an ID token.", vendor=self.name)
        subject = await self._subject(metadata, answer.id_token, answer.access_token, nonce)
        about = await self._about(metadata, answer.access_token, subject)
        email = about.email if about.email_verified else None
        return admitted(
            Proven(
                issuer=metadata.issuer,
                subject=subject,
                name=about.preferred_username or about.name or "",
                email=email,
            ),
            self._settings,
            self.title,
        )

    async def _redeem(self, metadata: Metadata, code: str, *, redirect_uri: str, verifier: str) -> TokenAnswer:
        client, secret = self._settings.client_id, self._settings.client_secret.get_secret_value()
        methods, url = metadata.token_endpoint_auth_methods_supported, metadata.token_endpoint
        if "client_secret_basic" in methods or "client_secret_post" not in methods:
            form = token_form(code, redirect_uri=redirect_uri, verifier=verifier)
            got = await self._http.post(url, form, basic=(quote_plus(client), quote_plus(secret)))
        else:
            form = token_form(code, redirect_uri=redirect_uri, verifier=verifier, client=(client, secret))
            got = await self._http.post(url, form)
        answer = got.parsed(TokenAnswer)
        if answer.error == "invalid_grant":
            raise Unauthenticated(f"{self.title} does not take this code: it is over, or was used. Log in again.")
        if answer.error is not None:
            raise VendorRejected(f"{self.title} refuses us: {answer.error[:80]}.", vendor=self.name)
        got.good()
        return answer

    async def _subject(self, metadata: Metadata, id_token: str, access_token: str, nonce: str) -> str:
        """Keys are fetched anew, once, for one that is not known: providers rotate them (Core §10.1.1)."""
        for anew in (False, True):
            try:
                return subject_of(
                    id_token,
                    await self._keys.get(anew=anew),
                    issuer=metadata.issuer,
                    client_id=self._settings.client_id,
                    nonce=nonce,
                    access_token=access_token,
                    algorithms=metadata.id_token_signing_alg_values_supported,
                )
            except UnknownKey:
                continue
        raise Unauthenticated(f"The ID token is signed with a key that is not {self.title}'s. Log in again.")

    async def _about(self, metadata: Metadata, access_token: str, subject: str) -> UserInfo:
        if metadata.userinfo_endpoint is None:
            return UserInfo(sub=subject)
        about = (await self._http.get(metadata.userinfo_endpoint, token=access_token)).good().parsed(UserInfo)
        if about.sub != subject:  # Core §5.3.2
            raise Unauthenticated(f"{self.title} says two different things about who you are. Log in again.")
        return about

    async def _discover(self) -> Metadata:
        url = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        metadata = (await self._http.get(url)).good().parsed(Metadata)
        if metadata.issuer != self._settings.issuer:  # Discovery §4.3
            raise VendorRejected(
                f"What answers at {self._settings.issuer} says that it is another issuer: correct CCB_OIDC_PROVIDERS.",
                vendor=self.name,
            )
        secure = self._settings.issuer.startswith("https://")
        if secure and not all(url.startswith("https://") for url in metadata.endpoints()):
            raise VendorRejected(f"{self.title} names an endpoint without https://: it is not used.", vendor=self.name)
        return metadata

    async def _fetch_keys(self) -> KeySet:
        metadata = await self._metadata.get()
        return (await self._http.get(metadata.jwks_uri)).good().parsed(KeySet)
