"""What providers answer, as far as it is used."""

from pydantic import BaseModel, ConfigDict, Field


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Metadata(_Wire):
    """OpenID Connect Discovery 1.0 §3."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    authorization_response_iss_parameter_supported: bool = False

    def endpoints(self) -> list[str]:
        named = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri, self.userinfo_endpoint)
        return [url for url in named if url is not None]


class KeySet(_Wire):
    """RFC 7517 §5. Keys are checked when they are used."""

    keys: list[dict[str, str | list[str]]] = Field(max_length=100)


class TokenAnswer(_Wire):
    """RFC 6749 §5.1 and §5.2, OpenID Connect Core 1.0 §3.1.3.3."""

    access_token: str | None = None
    id_token: str | None = None
    scope: str | None = None
    error: str | None = None


class UserInfo(_Wire):
    """OpenID Connect Core 1.0 §5.1. Some providers send `email_verified` as a string."""

    sub: str = Field(min_length=1, max_length=255)
    name: str | None = None
    preferred_username: str | None = None
    email: str | None = None
    email_verified: bool = False


class GitHubUser(_Wire):
    id: int
    login: str
    name: str | None = None


class GitHubEmail(_Wire):
    email: str
    verified: bool
    primary: bool


class GitHubOrganization(_Wire):
    login: str
