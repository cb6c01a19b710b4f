"""Artifacts in an S3 bucket. boto3 is synchronous: each call runs in a thread."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from adapters.artifacts.keys import absent, checked_key, object_key, verified
from adapters.artifacts.settings import ArtifactSettings
from domain.artifacts import ArtifactRef, content_hash
from domain.errors import Corrupted, StorageUnavailable

_T = TypeVar("_T")
_ABSENT = {"NoSuchKey", "404", "NotFound"}
_OURS_ALREADY = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class S3Artifacts:
    """The `Artifacts` port over S3. The bucket is made at the first write if it is missing."""

    def __init__(self, settings: ArtifactSettings) -> None:
        self._bucket, self._prefix = settings.bucket, settings.prefix
        self._region, self._where = settings.region, settings.endpoint or "Amazon S3"
        self._client = boto3.client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            aws_access_key_id=_plain(settings.access_key),
            aws_secret_access_key=_plain(settings.secret_key),
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=settings.connect_timeout,
                read_timeout=settings.read_timeout,
                max_pool_connections=settings.connections,
                s3={"addressing_style": "path"} if settings.endpoint else None,
            ),
        )

    async def put(self, data: bytes, media_type: str) -> ArtifactRef:
        ref = ArtifactRef(hash=content_hash(data), size=len(data), media_type=media_type)
        await asyncio.to_thread(self._put, self._object(ref), data, media_type)
        return ref

    async def get(self, ref: ArtifactRef) -> bytes:
        return verified(ref, await asyncio.to_thread(self._get, self._object(ref), ref.hash))

    async def publish(self, key: str, data: bytes, media_type: str) -> str:
        name = self._name(key)
        await asyncio.to_thread(self._put, name, data, media_type)
        if await asyncio.to_thread(self._get, name, key) != data:
            raise Corrupted(f"{key} was not read back as it was published.", key=key)
        return f"s3://{self._bucket}/{name}"

    async def read(self, key: str) -> bytes:
        return await asyncio.to_thread(self._get, self._name(key), key)

    async def remove(self, key: str) -> None:
        await asyncio.to_thread(self._remove, self._name(key))

    async def published(self, prefix: str = "") -> list[str]:
        return await asyncio.to_thread(self._list, prefix)

    def _object(self, ref: ArtifactRef) -> str:
        return f"{self._prefix}objects/{object_key(ref)}"

    def _name(self, key: str) -> str:
        return f"{self._prefix}published/{checked_key(key)}"

    def _put(self, name: str, data: bytes, media_type: str) -> None:
        def put() -> None:
            self._client.put_object(Bucket=self._bucket, Key=name, Body=data, ContentType=media_type)

        with self._translated():
            self._with_bucket(put)

    def _with_bucket(self, deed: Callable[[], _T]) -> _T:
        try:
            return deed()
        except ClientError as error:
            if _code(error) != "NoSuchBucket":
                raise
        try:
            if self._region == "us-east-1":  # the one region that S3 wants left out
                self._client.create_bucket(Bucket=self._bucket)
            else:
                self._client.create_bucket(
                    Bucket=self._bucket,
                    CreateBucketConfiguration={"LocationConstraint": self._region},  # type: ignore[typeddict-item]  # any region
                )
        except ClientError as error:
            if _code(error) not in _OURS_ALREADY:
                raise
        return deed()

    def _get(self, name: str, what: str) -> bytes:
        with self._translated():
            try:
                data: bytes = self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
            except ClientError as error:
                if _code(error) in {*_ABSENT, "NoSuchBucket"}:
                    raise absent(what) from error
                raise
            return data

    def _remove(self, name: str) -> None:
        with self._translated():
            try:
                self._client.delete_object(Bucket=self._bucket, Key=name)
            except ClientError as error:
                if _code(error) not in {*_ABSENT, "NoSuchBucket"}:
                    raise

    def _list(self, prefix: str) -> list[str]:
        root = f"{self._prefix}published/"
        with self._translated():
            try:
                pages = self._client.get_paginator("list_objects_v2").paginate(
                    Bucket=self._bucket, Prefix=root + prefix
                )
                return sorted(found["Key"].removeprefix(root) for page in pages for found in page.get("Contents", []))
            except ClientError as error:
                if _code(error) == "NoSuchBucket":
                    return []
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            check = (
                "Check CCB_ARTIFACTS_ACCESS_KEY, CCB_ARTIFACTS_SECRET_KEY and the bucket's policy"
                if status in {401, 403}
                else "Check the server"
            )
            raise self._unavailable(f"{_code(error)} ({status})", check) from error
        except (BotoCoreError, OSError) as error:
            raise self._unavailable(str(error).rstrip("."), "Check CCB_ARTIFACTS_ENDPOINT and the server") from error

    def _unavailable(self, why: str, check: str) -> StorageUnavailable:
        return StorageUnavailable(
            f"The artifact bucket {self._bucket} on {self._where} cannot be used: {why}. {check}.", bucket=self._bucket
        )


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))
