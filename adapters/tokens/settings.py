"""Keys and lifetimes of tokens, and the cost of passwords."""

from datetime import timedelta

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.attestation import keys


class TokenSettings(BaseSettings):
    """CCB_TOKENS_*. `keys` are seeds of Ed25519 private keys in Base64, with commas between.

    The first signs, all are accepted. To change it, put the new key before the former one, and take the former out when
    `access_seconds` have passed. A refresh token is good for `idle_hours`, a session for `session_hours` altogether.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_TOKENS_", frozen=True, extra="ignore", hide_input_in_errors=True)

    keys: SecretStr = Field(min_length=1)
    issuer: str = Field(default="ccb", min_length=1, max_length=200)
    audience: str = Field(default="ccb-api", min_length=1, max_length=200)
    access_seconds: int = Field(default=300, ge=10, le=3600)
    idle_hours: float = Field(default=14 * 24, gt=0)
    session_hours: float = Field(default=30 * 24, gt=0)
    grace_seconds: float = Field(default=10, ge=0, le=60)

    @field_validator("keys")
    @classmethod
    def _usable(cls, given: SecretStr) -> SecretStr:
        for number, one in enumerate(_each(given), 1):
            try:
                keys.private(one)
            except ValueError as error:
                raise ValueError(
                    f"key {number} in CCB_TOKENS_KEYS cannot be used: {error}; make one with: openssl rand -base64 32"
                ) from None
        return given

    def seeds(self) -> list[str]:
        return _each(self.keys)

    @property
    def idle(self) -> timedelta:
        return timedelta(hours=self.idle_hours)

    @property
    def lasts(self) -> timedelta:
        return timedelta(hours=self.session_hours)


class PasswordSettings(BaseSettings):
    """CCB_PASSWORDS_*: Argon2id's cost (the defaults are the first of OWASP's Password Storage Cheat Sheet).

    `threads` hash at a time, each with `memory_kib`; more than `waiting` behind them are turned away.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_PASSWORDS_", frozen=True, extra="ignore")

    memory_kib: int = Field(default=47_104, ge=8, le=1_048_576)
    passes: int = Field(default=1, ge=1, le=20)
    lanes: int = Field(default=1, ge=1, le=16)
    threads: int = Field(default=2, ge=1, le=64)
    waiting: int = Field(default=32, ge=0, le=1000)


def _each(given: SecretStr) -> list[str]:
    return [one.strip() for one in given.get_secret_value().split(",") if one.strip()]
