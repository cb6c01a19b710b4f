"""Settings of the identity providers: `CCB_OIDC_…`."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.federation import ProviderName

_GOOGLE = "https://accounts.google.com"
_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class ProviderSettings(BaseModel):
    """One provider. Those named `google` and `github` know their addresses; any other needs its `issuer`.

    `allowed_domains` and `allowed_organizations` (GitHub's) say who may come in at all; empty is everybody.
    `trusted_domains` are those for whose addresses this provider is the one that gives them out: see docs/login.md.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = Field(min_length=1, max_length=300)
    client_secret: SecretStr = Field(min_length=1)
    kind: Literal["oidc", "github"] = "oidc"
    title: str = Field(default="", max_length=40)
    issuer: str = Field(default="", max_length=300)
    site_url: str = "https://github.com"
    api_url: str = "https://api.github.com"
    allowed_domains: tuple[str, ...] = ()
    allowed_organizations: tuple[str, ...] = ()
    trusted_domains: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "oidc" and not self.issuer:
            raise ValueError("it needs its issuer, such as https://login.example.com")
        if self.kind == "oidc" and self.allowed_organizations:
            raise ValueError("allowed_organizations is for GitHub; use allowed_domains")
        for url in (self.issuer, self.site_url, self.api_url):
            if url and not url.startswith(("https://", *_LOOPBACK)):
                raise ValueError(f"{url} must begin with https://: secrets and codes go there")
        return self


class OidcSettings(BaseSettings):
    """`providers` is a JSON object of providers by name. Times are in seconds, for a whole exchange of one request."""

    model_config = SettingsConfigDict(env_prefix="CCB_OIDC_", frozen=True, extra="ignore")

    providers: dict[ProviderName, ProviderSettings] = {}
    timeout: float = Field(default=10.0, gt=0)
    cache: float = Field(default=3600.0, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: object) -> object:
        """`google` and `github` in short."""
        if isinstance(given, dict) and isinstance(given.get("providers"), dict):
            short = {"google": {"issuer": _GOOGLE, "title": "Google"}, "github": {"kind": "github", "title": "GitHub"}}
            filled = {
                name: {**short.get(name, {}), **one} if isinstance(one, dict) else one
                for name, one in given["providers"].items()
            }
            return {**given, "providers": filled}
        return given
