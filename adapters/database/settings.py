"""Where the database is."""

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
