"""Settings of the API process, from the environment."""

import ipaddress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.accounts import Registration
from domain.people import Role

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _listed(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _number(value: object) -> object:
    return 0 if value == "none" else value


Quota = Annotated[int, BeforeValidator(_number), Field(ge=0, le=1_000_000_000)]
"""0 or `none`: no limit."""


class ApiSettings(BaseSettings):
    """CCB_API_*. Nothing listens beyond loopback unless `host` says so.

    `repository` is where integrations go when a request names none. `patience` is how long an answer of a run is
    waited for, in seconds; most come in less than one. `codec_token` is part of the codec server's address. An
    integration without requests for `quiet_minutes` counts as unused.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_API_", frozen=True, extra="ignore", populate_by_name=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    data_dir: Path = Field(default=Path(".ccb"), validation_alias="CCB_DATA_DIR")
    patience: float = Field(default=20.0, gt=0)
    quiet_minutes: float = Field(default=15.0, ge=0, le=60)
    operator_key_file: Path | None = None
    codec_token: SecretStr | None = Field(default=None, min_length=16)
    repository: str | None = Field(default=None, validation_alias="CCB_GITHUB_REPOSITORY")

    @property
    def key_file(self) -> Path:
        """Where the operator's key is, if there is one."""
        return self.operator_key_file or self.data_dir / "operator.key"


class WebhookSettings(BaseSettings):
    """What deliveries are verified with. The API holds no vendor's token: it only stores what it is sent."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    github: SecretStr | None = Field(default=None, min_length=1, validation_alias="CCB_GITHUB_WEBHOOK_SECRET")
    slack: SecretStr | None = Field(default=None, min_length=1, validation_alias="CCB_SLACK_SIGNING_SECRET")
    linear: SecretStr | None = Field(default=None, min_length=1, validation_alias="CCB_LINEAR_WEBHOOK_SECRET")
    jira: SecretStr | None = Field(default=None, min_length=1, validation_alias="CCB_JIRA_WEBHOOK_SECRET")
    keep_days: float = Field(default=30, ge=4, le=3650, validation_alias="CCB_WEBHOOKS_KEEP_DAYS")
    slack_teams: str = Field(default="", pattern=r"^[A-Z0-9, ]*$", validation_alias="CCB_SLACK_TEAMS")
    slack_match_email: bool = Field(default=False, validation_alias="CCB_SLACK_MATCH_EMAIL")


class EdgeSettings(BaseSettings):
    """CCB_API_*: what every request passes. Times in seconds, but for `repeats_kept`.

    `trusted_proxies` are the networks, with commas between, whose X-Forwarded-For and X-Forwarded-Proto are believed.
    `public_url` is where people find the API. `cors_origins` are the web pages' that may call it, as
    `https://example.com` with commas between, or `*`. `metrics_token` is what a Prometheus elsewhere sends.
    A request has `read_timeout` for its headers and for each pause in its body, and `request_timeout` until its answer
    begins. `repeats_kept` is for how long an Idempotency-Key is known.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_API_", frozen=True, extra="ignore", env_ignore_empty=True)

    trusted_proxies: str = ""
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+(/[^\s]*)?$")
    cors_origins: str = ""
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    read_timeout: float = Field(default=10.0, gt=0)
    request_timeout: float = Field(default=60.0, gt=0)
    repeats_kept: timedelta = Field(default=timedelta(days=1), ge=timedelta(minutes=1))

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        for entry in _listed(text):
            ipaddress.ip_network(entry)
        return text

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        for entry in _listed(text):
            if entry != "*" and (not entry.startswith(("http://", "https://")) or entry.count("/") != 2):
                raise ValueError(f"{entry} is no origin, such as https://example.com")
        return text

    @property
    def proxies(self) -> list[Network]:
        return [ipaddress.ip_network(entry) for entry in _listed(self.trusted_proxies)]

    @property
    def origins(self) -> list[str]:
        return _listed(self.cors_origins)


class RateSettings(BaseSettings):
    """CCB_RATE_*: how many requests are taken; 0 or `none` switches one off.

    `per_user` in an hour and `per_ip` in a minute; `everybody` together in a minute; `burst` in a second, of one
    address and of one person; `webhooks` in a minute, of one address, which count towards nothing else.
    """

    model_config = SettingsConfigDict(
        env_prefix="CCB_RATE_", frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    per_user: Quota = 1_000
    per_ip: Quota = 100
    everybody: Quota = Field(default=10_000, validation_alias="CCB_RATE_GLOBAL")
    burst: Quota = 50
    webhooks: Quota = 3_000

    @classmethod
    def unlimited(cls) -> "RateSettings":
        return cls(per_user=0, per_ip=0, everybody=0, burst=0, webhooks=0)


class AccountSettings(BaseSettings):
    """CCB_ACCOUNTS_*: who may make an account, with which role, and where the web pages are that letters point to."""

    model_config = SettingsConfigDict(env_prefix="CCB_ACCOUNTS_", frozen=True, extra="ignore")

    registration: Registration = Registration.INVITE
    role: Literal[Role.VIEWER, Role.DEVELOPER] = Role.VIEWER
    pages_url: str | None = Field(default=None, pattern=r"^https?://[^\s#]+$")
