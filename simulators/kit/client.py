"""A client of the control routes, for tests and demonstrations."""

from types import TracebackType
from typing import Any, Self

import httpx

from simulators.kit.faults import Kind
from simulators.kit.journal import Entry


class Simulators:
    """The running simulators at `url`: their base URLs, journal, faults and people."""

    def __init__(self, url: str, *, config: dict[str, dict[str, Any]] | None = None) -> None:
        """`config` is what they were started with, so that a test finds tokens and secrets in one place."""
        self.url = url.rstrip("/")
        self.config = config or {}
        self._http = httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False)

    @property
    def github_url(self) -> str:
        return f"{self.url}/github/api/v3"

    @property
    def slack_url(self) -> str:
        return f"{self.url}/slack/api/"

    @property
    def claude_url(self) -> str:
        return f"{self.url}/claude"

    @property
    def packages_url(self) -> str:
        """What a package installer takes for its index."""
        return f"{self.url}/packages/simple"

    @property
    def osv_url(self) -> str:
        return f"{self.url}/osv"

    @property
    def kubernetes_url(self) -> str:
        return f"{self.url}/kubernetes"

    @property
    def docker_url(self) -> str:
        """What a Docker client takes for its host."""
        return f"{self.url}/docker".replace("http://", "tcp://", 1)

    @property
    def oidc_url(self) -> str:
        """The issuer; GitHub's OAuth is below it, at `/github`."""
        return f"{self.url}/oidc"

    @property
    def linear_url(self) -> str:
        """The GraphQL API."""
        return f"{self.url}/linear/graphql"

    @property
    def jira_url(self) -> str:
        """The site."""
        return f"{self.url}/jira"

    async def health(self) -> None:
        """Raises httpx.HTTPError unless they are up."""
        (await self._http.get("/_sim/health")).raise_for_status()

    async def journal(self, vendor: str, *, since: int = 0, path: str = "", method: str = "") -> list[Entry]:
        """What `vendor` received after number `since`; `path` is a regular expression."""
        answer = await self._http.get(
            f"/_sim/{vendor}/journal", params={"since": since, "path": path, "method": method}
        )
        answer.raise_for_status()
        return [Entry.model_validate(entry) for entry in answer.json()["entries"]]

    async def last(self, vendor: str) -> int:
        """The number of the newest entry; 0 if there is none."""
        entries = await self.journal(vendor)
        return entries[-1].number if entries else 0

    async def fault(self, vendor: str, kind: Kind, *, method: str = "", path: str = "", **rest: Any) -> None:  # noqa: ANN401  # JSON fields of Fault
        """Arm a fault; `rest` are the other fields of `Fault`."""
        body = {"kind": kind, "match": {"method": method, "path": path}, **rest}
        (await self._http.post(f"/_sim/{vendor}/faults", json=body)).raise_for_status()

    async def reset_faults(self, vendor: str | None = None) -> None:
        """Disarm all faults, of one vendor or of all."""
        everyone = ["github", "slack", "claude", "packages", "osv", "kubernetes", "docker", "linear", "jira", "oidc"]
        for name in [vendor] if vendor else everyone:
            answer = await self._http.delete(f"/_sim/{name}/faults")
            if answer.status_code != httpx.codes.NOT_FOUND:
                answer.raise_for_status()

    async def act(self, vendor: str, route: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
        """Do something as a person there: `POST /_sim/{vendor}/{route}`."""
        answer = await self._http.post(f"/_sim/{vendor}/{route}", json=body)
        if answer.is_error:
            raise RuntimeError(f"/_sim/{vendor}/{route} answered {answer.status_code}: {answer.text[:500]}")
        result: dict[str, Any] = answer.json()
        return result

    async def look(self, vendor: str, route: str, **query: str) -> dict[str, Any]:
        """Read something the simulator keeps: `GET /_sim/{vendor}/{route}`."""
        answer = await self._http.get(f"/_sim/{vendor}/{route}", params=query)
        answer.raise_for_status()
        result: dict[str, Any] = answer.json()
        return result

    async def script(self, *answers: dict[str, Any]) -> None:
        """Queue what the simulated Claude answers next, instead of thinking."""
        (await self._http.post("/_sim/claude/script", json=list(answers))).raise_for_status()

    async def forget_script(self) -> None:
        (await self._http.delete("/_sim/claude/script")).raise_for_status()

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
