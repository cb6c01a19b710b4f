"""Where the database is, and what the secrets in it are encrypted with."""

from cryptography.fernet import Fernet, MultiFernet
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


class DatabaseSettings(BaseSettings):
    """`url` is `sqlite+aiosqlite:///path` or `postgresql+asyncpg://user:password@host/name`; it may hold a password.

    `pool_size` is the number of connections of one process; the timeouts are in seconds.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_DATABASE_", frozen=True, extra="ignore")

    url: SecretStr = SecretStr("sqlite+aiosqlite:///.ccb/ccb.db")
    pool_size: int = Field(default=10, ge=1, le=200)
    connect_timeout: float = Field(default=5, gt=0)
    command_timeout: float = Field(default=30, gt=0)
    busy_timeout: float = Field(default=15, gt=0)

    @field_validator("url")
    @classmethod
    def _known_driver(cls, url: SecretStr) -> SecretStr:
        try:
            parsed = make_url(url.get_secret_value())
        except ArgumentError as error:
            raise ValueError("CCB_DATABASE_URL is not a database URL") from error
        if parsed.drivername not in _DRIVERS:
            raise ValueError(f"CCB_DATABASE_URL must begin with sqlite:// or postgresql://, not {parsed.drivername}://")
        if parsed.drivername.startswith("sqlite") and parsed.database in {None, "", ":memory:"}:
            raise ValueError("CCB_DATABASE_URL must name a file: a database in memory does not outlive its connection")
        return url

    def parsed(self) -> URL:
        """The URL with the driver that is used here."""
        url = make_url(self.url.get_secret_value())
        return url.set(drivername=_DRIVERS[url.drivername])


class SecretsSettings(BaseSettings):
    """CCB_SECRETS_KEY: one or several Fernet keys (32 random bytes in URL-safe base64), with commas between.

    The first encrypts, all decrypt. To change it, put the new key before the former one; the former is needed until
    `ccb secrets reencrypt` has been through.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    key: SecretStr = Field(validation_alias="CCB_SECRETS_KEY")

    @field_validator("key")
    @classmethod
    def _usable(cls, key: SecretStr) -> SecretStr:
        for number, one in enumerate(_each(key), 1):
            try:
                Fernet(one)
            except ValueError as error:
                raise ValueError(
                    f"key {number} in CCB_SECRETS_KEY is not a Fernet key (32 random bytes in URL-safe base64); "
                    "make one with: openssl rand -base64 32 | tr '+/' '-_'"
                ) from error
        return key

    def first(self) -> Fernet:
        return Fernet(_each(self.key)[0])

    def cipher(self) -> MultiFernet:
        return MultiFernet([Fernet(one) for one in _each(self.key)])


def _each(key: SecretStr) -> list[str]:
    return [one.strip() for one in key.get_secret_value().split(",")]
