"""All providers that are configured, by name."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from adapters.oidc.cached import Clock
from adapters.oidc.github import GitHubProvider
from adapters.oidc.http import Http
from adapters.oidc.openid import OpenIdProvider
from adapters.oidc.settings import OidcSettings
from domain.errors import NotFound
from domain.ports.federation import IdentityProvider


@dataclass(frozen=True)
class Providers:
    by_name: Mapping[str, IdentityProvider]
    close: Callable[[], Awaitable[None]]

    def named(self, name: str) -> IdentityProvider:
        """Raises NotFound."""
        if name not in self.by_name:
            raise NotFound(f"There is no provider {name} to log in with here.", provider=name)
        return self.by_name[name]


def open_providers(settings: OidcSettings, *, clock: Clock = time.monotonic) -> Providers:
    """Nothing is asked yet: a provider that is away concerns those alone who log in by it."""
    made: dict[str, IdentityProvider] = {}
    clients: list[Http] = []
    for name, one in settings.providers.items():
        http = Http(one.title or name, timeout=settings.timeout)
        clients.append(http)
        if one.kind == "github":
            made[name] = GitHubProvider(name, one, http)
        else:
            made[name] = OpenIdProvider(name, one, http, cache=settings.cache, clock=clock)

    async def close() -> None:
        for client in clients:
            await client.close()

    return Providers(made, close)
