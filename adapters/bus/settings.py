"""Where Redis is, if there is one."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class RedisSettings(BaseSettings):
    """`url` is `redis://…` or `rediss://…` and may hold a password; None: events and counters stay in the process."""

    model_config = SettingsConfigDict(env_prefix="CCB_REDIS_", frozen=True, extra="ignore")

    url: SecretStr | None = None

    @property
    def plain_url(self) -> str | None:
        """What `open_bus` and `open_counters` take."""
        return self.url.get_secret_value() if self.url is not None and self.url.get_secret_value() else None
