"""Where artifacts are."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ArtifactSettings(BaseSettings):
    """`url` is `file:///folder` (or `file:folder`, relative) or `s3://bucket/prefix`; the rest is for S3 alone.

    Without `endpoint` it is Amazon's; without keys boto3 finds its own (environment, profile, role). Timeouts are
    in seconds.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_ARTIFACTS_", frozen=True, extra="ignore")

    url: str = "file:.ccb/artifacts"
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    connect_timeout: float = Field(default=5, gt=0)
    read_timeout: float = Field(default=30, gt=0)
    connections: int = Field(default=32, ge=1)

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme == "s3" and parts.netloc and not parts.query:
            return url
        if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.strip("/"):
            return url
        raise ValueError(f"CCB_ARTIFACTS_URL must be file:///folder or s3://bucket/prefix, not {url}")

    @property
    def folder(self) -> Path | None:
        """The folder of a `file:` URL; None for S3."""
        parts = urlsplit(self.url)
        return Path(unquote(parts.path)) if parts.scheme == "file" else None

    @property
    def bucket(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def prefix(self) -> str:
        """What keys in the bucket begin with: empty, or ending in a slash."""
        path = urlsplit(self.url).path.strip("/")
        return f"{path}/" if path else ""
