"""Which keys verdicts are signed and checked with."""

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.attestation import keys


class SigningSettings(BaseSettings):
    """CCB_SIGNING_KEY: the private key, which the workers of the queue `lifecycle` alone are told."""

    model_config = SettingsConfigDict(env_prefix="CCB_SIGNING_", frozen=True, extra="ignore", hide_input_in_errors=True)

    key: SecretStr = Field(min_length=1)

    @field_validator("key")
    @classmethod
    def _usable(cls, key: SecretStr) -> SecretStr:
        keys.private(key.get_secret_value())
        return key


class VerifyingSettings(BaseSettings):
    """CCB_SIGNING_PUBLIC_KEYS: the public keys that are believed. Several while one is being replaced."""

    model_config = SettingsConfigDict(env_prefix="CCB_SIGNING_", frozen=True, extra="ignore")

    public_keys: str = Field(min_length=1)

    @field_validator("public_keys")
    @classmethod
    def _usable(cls, text: str) -> str:
        if not keys.public(text):
            raise ValueError("there is no key in it")
        return text
