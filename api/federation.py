"""What logging in by other means than a password stands on: built once, with the other services."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from adapters.database import Database, SqlDeviceGrants, SqlIdentities, SqlOneTime, SqlPasskeys
from adapters.oidc import OidcSettings, Providers, open_providers
from adapters.passkeys import WebAuthn
from domain.errors import InvalidInput
from domain.ports.federation import Authenticators, DeviceGrants, Identities, OneTime, Passkeys

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Federation:
    """`public_url` is where browsers find the API, without a slash at the end."""

    public_url: str
    providers: Providers
    identities: Identities
    passkeys: Passkeys
    authenticators: Authenticators
    once: OneTime
    grants: DeviceGrants

    @property
    def secure(self) -> bool:
        """Whether cookies can be kept to https. Without it, there is only this machine."""
        return self.public_url.startswith("https://")

    @property
    def path(self) -> str:
        """What of the public URL goes before every path."""
        return urlsplit(self.public_url).path

    def callback(self, provider: str) -> str:
        """The redirect URI that has to be registered with a provider."""
        return f"{self.public_url}/api/v1/auth/oauth/{provider}/callback"


def open_federation(database: Database, settings: OidcSettings, *, public_url: str | None, port: int) -> Federation:
    """Raises InvalidInput as `public_address`."""
    url = public_address(settings, public_url, port)
    parts = urlsplit(url)
    return Federation(
        public_url=url,
        providers=open_providers(settings),
        identities=SqlIdentities(database),
        passkeys=SqlPasskeys(database),
        authenticators=WebAuthn(f"{parts.scheme}://{parts.netloc}"),
        once=SqlOneTime(database),
        grants=SqlDeviceGrants(database),
    )


def public_address(settings: OidcSettings, public_url: str | None, port: int) -> str:
    """Where browsers find the API; if nobody says, it is for this machine.

    Raises InvalidInput for an address that is not safe to log in at.
    """
    url = (public_url or f"http://localhost:{port}").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK and settings.providers:
        raise InvalidInput(
            f"People would log in at {url} without encryption: put TLS before it, and begin CCB_API_PUBLIC_URL with "
            "https://, or take CCB_OIDC_PROVIDERS away."
        )
    return url
