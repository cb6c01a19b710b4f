"""Providers over the simulated ones, and a browser with a person before it."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapters.oidc import OidcSettings, Providers, open_providers
from domain.federation import Proven
from domain.ports.federation import IdentityProvider
from simulators.kit import Simulators

REDIRECT = "https://ccb.example/callback"


@pytest.fixture(autouse=True)
async def clean(simulators: Simulators) -> None:
    await simulators.reset_faults("oidc")
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.delete(f"{simulators.url}/_sim/oidc/misbehave")


@pytest.fixture
async def client(simulators: Simulators) -> dict[str, object]:
    """A client of its own for each test."""
    body: dict[str, object] = {
        "client_id": f"client-{secrets.token_hex(4)}",
        "secret": secrets.token_urlsafe(16) + "/+:%&",
        "redirect_uris": [REDIRECT],
    }
    await simulators.act("oidc", "clients", **body)
    return body


@pytest.fixture
async def opened(simulators: Simulators, client: dict[str, object]) -> AsyncIterator[Callable[..., Providers]]:
    made: list[Providers] = []

    def build(**more: object) -> Providers:
        """`sim` is the OpenID provider, `github` GitHub; `more` are their other settings."""
        cache, clock = more.pop("cache", 3600), more.pop("clock", time.monotonic)
        known = {"client_id": client["client_id"], "client_secret": client["secret"], **more}
        organizations = known.pop("allowed_organizations", ())
        site = f"{simulators.oidc_url}/github"
        github = {**known, "site_url": site, "api_url": f"{site}/api", "allowed_organizations": organizations}
        providers = {"sim": {**known, "issuer": simulators.oidc_url}, "github": github}
        settings = OidcSettings.model_validate({"providers": providers, "timeout": 2, "cache": cache})
        made.append(open_providers(settings, clock=clock))  # type: ignore[arg-type]
        return made[-1]

    yield build
    for one in made:
        await one.close()


class Login:
    """One login: the browser's part of it."""

    def __init__(self, provider: IdentityProvider) -> None:
        self.provider = provider
        self.state, self.nonce, self.verifier = (secrets.token_urlsafe(32) for _ in range(3))

    async def url(self) -> str:
        return await self.provider.begin(
            redirect_uri=REDIRECT, state=self.state, nonce=self.nonce, verifier=self.verifier
        )

    async def answer(self, login: str) -> dict[str, str]:
        """What comes back with the browser when `login` agrees; nobody refuses."""
        async with httpx.AsyncClient(trust_env=False) as browser:
            page = await browser.get(await self.url())
            assert page.status_code == 200, page.text
            link = next(part.partition('"')[0] for part in page.text.split('href="') if wanted(part, login))
            back = await browser.get(link.replace("&amp;", "&"))
        assert back.status_code == 302, back.text
        return {name: values[0] for name, values in parse_qs(urlsplit(back.headers["location"]).query).items()}

    async def finish(self, answer: dict[str, str], **changes: str | None) -> Proven:
        given: dict[str, str | None] = {"nonce": self.nonce, "verifier": self.verifier, "issuer": answer.get("iss")}
        given |= changes
        return await self.provider.finish(answer["code"], redirect_uri=REDIRECT, **given)  # type: ignore[arg-type]


def wanted(part: str, login: str) -> bool:
    link = part.partition('"')[0]
    return link.endswith(f"as={login}") if login else ("ticket=" in link and "as=" not in link)
