"""Logging in at outside providers: OpenID Connect by discovery, and GitHub's OAuth."""

from adapters.oidc.providers import Providers, open_providers
from adapters.oidc.settings import OidcSettings, ProviderSettings

__all__ = ["OidcSettings", "ProviderSettings", "Providers", "open_providers"]
