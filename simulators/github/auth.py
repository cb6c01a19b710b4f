"""Who asks: personal tokens, installation tokens, and an App's own RS256 tokens."""

import time
from datetime import UTC, datetime

import jwt

from simulators.github.context import ApiError
from simulators.github.models import Config, Token
from simulators.github.store import Store

APP = "app"
"""What `authenticate` answers for an App that speaks for itself."""


def authenticate(header: str | None, *, config: Config, store: Store) -> str:
    """The login behind an Authorization header, or APP. Raises 401 as GitHub does."""
    if not header:
        raise ApiError(401, "Requires authentication")
    scheme, _, credential = header.partition(" ")
    if scheme.lower() not in {"token", "bearer"}:
        raise ApiError(401, "Bad credentials")
    if config.token is not None and credential == config.token:
        return config.bot
    if credential in config.users:
        return config.users[credential]
    if credential.count(".") == 2 and config.public_key is not None:
        return _app(credential, config)
    token = store.get(Token, credential)
    if token is None or datetime.fromisoformat(token.expires_at) <= datetime.now(UTC):
        raise ApiError(401, "Bad credentials")
    return config.bot


def _app(credential: str, config: Config) -> str:
    try:
        claims = jwt.decode(
            credential, config.public_key or "", algorithms=["RS256"], options={"require": ["exp", "iat", "iss"]}
        )
    except jwt.ExpiredSignatureError:
        raise ApiError(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires") from None  # fmt: skip  # noqa: E501  # GitHub's sentence
    except jwt.InvalidTokenError:
        raise ApiError(401, "A JSON web token could not be decoded") from None
    if claims["exp"] - time.time() > 660:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
    if str(claims["iss"]) != str(config.app_id):
        raise ApiError(401, "Integration not found")
    return APP
