"""A target, the simulator that it talks to, and its stable URLs as a caller sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import SecretStr

from domain import ids
from domain.artifacts import ArtifactRef, files_hash
from domain.plan import ConfigurationKey, SecretKey
from domain.ports import Target
from domain.vendors import DeploymentSpec, DeploymentStatus
from simulators.kit import Simulators
from simulators.kit.journal import Entry
from tests import proofs

NAME = "cities"
TOKEN = "s3cret-t0ken-of-cities"
BASE_URL = "https://cities.example.com"


@dataclass(frozen=True)
class Version:
    """A version, proven and ready to be started."""

    spec: DeploymentSpec
    files: Mapping[str, str]

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def bundle(self) -> bytes:
        return proofs.proven(self.files, name=self.spec.name, version=self.spec.version)


def version(number: str = "1.0.0", *, name: str = NAME, **changes: Any) -> Version:
    """A deployment of its own each time."""
    files = {**proofs.FILES, "VERSION": f"{name} {number}\n"}
    hashed = files_hash(files)
    spec = DeploymentSpec(
        id=ids.deployment(ids.new("int"), hashed),
        name=name,
        version=number,
        content_hash=hashed,
        bundle=ArtifactRef(hash=hashed, size=0),
        entrypoint="cities_integration.app:app",
        requirements=[],
        hosts=["cities.example.com", "other.example.com:8443"],
        configuration=[ConfigurationKey(name="REGION", description="Where.", default="north")],
        secrets=[SecretKey(name="API_TOKEN", description="The API's token.")],
    )
    return Version(spec.model_copy(update=changes), files)


@dataclass
class World:
    """`front` is what stable URLs are below."""

    vendor: str
    target: Target
    simulators: Simulators
    http: httpx.AsyncClient
    front: str
    began: int = 0
    beats: list[str] = field(default_factory=list)

    async def start(self, wanted: Version, *, token: str = TOKEN) -> DeploymentStatus:
        return await self.target.start(
            wanted.spec,
            wanted.bundle,
            configuration={"BASE_URL": BASE_URL},
            secrets={"API_TOKEN": SecretStr(token)},
            heartbeat=self.beats.append,
        )

    async def live(self, number: str = "1.0.0") -> Version:
        """A version that is started and switched to."""
        made = version(number)
        assert (await self.start(made)).healthy
        await self.target.switch(NAME, made.id)
        return made

    async def asked(self, times: int = 1, *, name: str = NAME) -> list[str]:
        """Which deployments answered so many requests of the stable URL; `HTTP 404` for those that none did."""
        answers = [await self.http.get(f"{self.front}/i/{name}/v1/cities") for _ in range(times)]
        return [one.json()["deployment"] if one.is_success else f"HTTP {one.status_code}" for one in answers]

    async def sent(self, method: str, path: str = "") -> list[Entry]:
        """What the simulator received of this test."""
        return await self.simulators.journal(self.vendor, since=self.began, method=method, path=path)

    async def objects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.simulators.look(self.vendor, "objects"))["objects"]
        return found
