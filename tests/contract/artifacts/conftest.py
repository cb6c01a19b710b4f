"""The same suite over files and over a real S3 server: each test has an empty store of its own."""

import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import boto3
import pytest
from pydantic import SecretStr

from adapters.artifacts import ArtifactSettings, open_artifacts
from domain.artifacts import ArtifactRef
from domain.ports import Artifacts
from tests import servers
from tests.servers import S3


@pytest.fixture(scope="session")
async def s3() -> AsyncIterator[S3]:
    async with servers.s3() as server:
        yield server


@pytest.fixture
def s3_settings(s3: S3) -> ArtifactSettings:
    return ArtifactSettings(
        url=f"s3://b{secrets.token_hex(6)}/some/prefix",
        endpoint=s3.endpoint,
        access_key=SecretStr(s3.access_key),
        secret_key=SecretStr(s3.secret_key),
    )


@pytest.fixture
def client(s3: S3):
    """A plain client, to look behind the store's back."""
    return boto3.client(
        "s3",
        endpoint_url=s3.endpoint,
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key,
        region_name="us-east-1",
    )


@pytest.fixture(params=["files", "s3"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactSettings:
    if request.param == "files":
        return ArtifactSettings(url=(tmp_path / "some folder é").as_uri())
    return request.getfixturevalue("s3_settings")


@pytest.fixture
def store(settings: ArtifactSettings) -> Artifacts:
    return open_artifacts(settings)


@pytest.fixture
def damage(request: pytest.FixtureRequest, settings: ArtifactSettings) -> Callable[[ArtifactRef], None]:
    """Replaces the stored bytes of an artifact behind the store's back, as a failing disk does."""

    def spoil(ref: ArtifactRef) -> None:
        digest = ref.hash.removeprefix("sha256:")
        key = f"objects/sha256/{digest[:2]}/{digest[2:]}"
        if settings.folder is not None:
            (settings.folder / key).write_bytes(b"rot")
        else:
            request.getfixturevalue("client").put_object(
                Bucket=settings.bucket, Key=f"{settings.prefix}{key}", Body=b"rot"
            )

    return spoil
