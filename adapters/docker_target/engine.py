"""Docker's API through docker-py, as far as we use it. Synchronous: it runs in a thread."""

import io
import tarfile
from collections.abc import Mapping
from typing import Any

import docker  # type: ignore[import-untyped]
from docker.errors import NotFound as Missing  # type: ignore[import-untyped]
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from adapters.docker_target.errors import VENDOR, translated
from adapters.docker_target.settings import DockerSettings
from domain.errors import NotFound, VendorError

API_VERSION = "1.44"
"""Pinned, so that a newer daemon answers as this was written for."""
DRAIN_SECONDS = 30
MAX_ARCHIVE_BYTES = 16_000_000

Object = dict[str, Any]


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Health(_Read):
    status: str = Field("", validation_alias="Status")


class _State(_Read):
    status: str = Field("", validation_alias="Status")
    exit_code: int = Field(0, validation_alias="ExitCode")
    error: str = Field("", validation_alias="Error")
    started_at: AwareDatetime | None = Field(None, validation_alias="StartedAt")
    health: _Health | None = Field(None, validation_alias="Health")


class _Config(_Read):
    env: list[str] = Field([], validation_alias="Env")
    labels: dict[str, str] = Field({}, validation_alias="Labels")


class Container(_Read):
    """What `GET /containers/{id}/json` says."""

    id: str = Field(validation_alias="Id")
    restarts: int = Field(0, validation_alias="RestartCount")
    state: _State = Field(validation_alias="State")
    config: _Config = Field(validation_alias="Config")


class Engine:
    """Raises VendorUnavailable, VendorOutcomeUnknown and VendorRejected with `vendor="docker"`."""

    def __init__(self, settings: DockerSettings) -> None:
        tls = False
        if folder := settings.certificates:
            tls = docker.tls.TLSConfig(
                client_cert=(str(folder / "cert.pem"), str(folder / "key.pem")),
                ca_cert=str(folder / "ca.pem"),
                verify=True,
            )
        # docker-py hands requests to its sessions without retries.
        self._api = docker.APIClient(base_url=settings.url, version=API_VERSION, timeout=settings.timeout, tls=tls)

    def close(self) -> None:
        self._api.close()

    def inspect(self, name: str) -> Container | None:
        with translated(changes=False):
            try:
                found = self._api.inspect_container(name)
            except Missing:
                return None
        try:
            return Container.model_validate(found)
        except ValidationError as error:
            raise VendorError("Docker answered with no container.", vendor=VENDOR) from error

    def create(self, name: str, config: Object) -> None:
        with translated(changes=True):
            self._api.create_container_from_config(config, name)

    def start(self, name: str) -> None:
        with translated(changes=True):
            self._api.start(name)

    def restart(self, name: str) -> None:
        """Raises NotFound."""
        with translated(changes=True):
            try:
                self._api.restart(name, timeout=DRAIN_SECONDS)
            except Missing as error:
                raise NotFound(f"There is no container {name}.") from error

    def stop(self, name: str) -> None:
        """Let it end what is under way, then remove it; nothing there is fine."""
        with translated(changes=True):
            try:
                self._api.stop(name, timeout=DRAIN_SECONDS)
                self._api.remove_container(name, force=True)
            except Missing:
                return

    def names(self, label: str) -> list[str]:
        """Of the containers that bear the label `KEY` or `KEY=VALUE`, running or not."""
        with translated(changes=False):
            found = self._api.containers(all=True, filters={"label": [label]})
        return sorted(one["Names"][0].removeprefix("/") for one in found)

    def ensure_volume(self, name: str, labels: Mapping[str, str]) -> None:
        with translated(changes=True):
            self._api.create_volume(name=name, labels=dict(labels))

    def remove_volume(self, name: str) -> None:
        with translated(changes=True):
            try:
                self._api.remove_volume(name, force=True)
            except Missing:
                return

    def volume_exists(self, name: str) -> bool:
        with translated(changes=False):
            try:
                self._api.inspect_volume(name)
            except Missing:
                return False
        return True

    def ensure_network(self, name: str, labels: Mapping[str, str]) -> None:
        with translated(changes=True):
            if not any(one["Name"] == name for one in self._api.networks(names=[name])):
                self._api.create_network(name, driver="bridge", labels=dict(labels))

    def put(self, container: str, folder: str, archive: bytes) -> None:
        with translated(changes=True):
            self._api.put_archive(container, folder, archive)

    def read(self, container: str, path: str) -> dict[str, str]:
        """The text files there, by name; none if there is no such path."""
        with translated(changes=False):
            try:
                chunks, _ = self._api.get_archive(container, path)
            except Missing:
                return {}
            data = b"".join(chunks)
        if len(data) > MAX_ARCHIVE_BYTES:
            raise VendorError(f"What is at {path} of {container} is too large.", vendor=VENDOR)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = ((one.name.rpartition("/")[2], archive.extractfile(one)) for one in archive if one.isfile())
            return {name: file.read().decode(errors="replace") for name, file in members if file}

    def logs(
        self, container: str, *, tail: int | None = None, since: float | None = None
    ) -> list[tuple[str, str, str]]:
        """Stream, time and text of each line. Raises NotFound."""
        lines: list[tuple[str, str, str]] = []
        with translated(changes=False):
            for stream in ("stdout", "stderr"):
                try:
                    data = self._api.logs(
                        container,
                        stdout=stream == "stdout",
                        stderr=stream == "stderr",
                        timestamps=True,
                        tail="all" if tail is None else tail,
                        since=since,
                    )
                except Missing as error:
                    raise NotFound(f"There is no container {container}.") from error
                for line in data.decode(errors="replace").splitlines():
                    at, space, text = line.partition(" ")
                    lines += [(stream, at, text)] if space else []
        return sorted(lines, key=lambda line: line[1])


def tar(files: Mapping[str, str], *, folders: Mapping[str, int] | None = None) -> bytes:
    """An archive of files that anybody may read; `folders` are made first, each with its owner."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, owner in (folders or {}).items():
            folder = tarfile.TarInfo(path)
            folder.type, folder.mode, folder.uid, folder.gid = tarfile.DIRTYPE, 0o755, owner, owner
            archive.addfile(folder)
        for path, text in files.items():
            data = text.encode()
            file = tarfile.TarInfo(path)
            file.size, file.mode = len(data), 0o644
            archive.addfile(file, io.BytesIO(data))
    return buffer.getvalue()
