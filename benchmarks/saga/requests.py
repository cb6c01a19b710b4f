"""What each measured run asks for: two operations of a live API, from a small document or a large one."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import yaml

from adapters.artifacts import ArtifactSettings, open_artifacts
from cli.stack import Addresses
from domain import ids
from domain.artifacts import ArtifactRef
from domain.people import Actor, Channel
from domain.review import ReviewPolicy
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest
from domain.vendors import IssueRef
from simulators.kit import Simulators

_PATHS: Final = ("/api/v1/namespaces", "/api/v1/namespaces/{namespace}")
TITLE: Final = "Integration: Temporal namespaces"
DESCRIPTION: Final = f"`GET {_PATHS[0]}` and `GET {_PATHS[1]}`\n\n[simulate: one-turn]"
_MEDIA_TYPE: Final = "application/yaml"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Requests:
    """Requests against one stack. Each has a name of its own; all are of the one issue."""

    def __init__(self, addresses: Addresses, issue: IssueRef, *, small: ArtifactRef, large: ArtifactRef) -> None:
        self._addresses = addresses
        self._issue = issue
        self.small = small
        self.large = large

    @classmethod
    async def prepared(cls, addresses: Addresses) -> "Requests":
        """Open the issue, and upload the server's own document and a small one with the same two operations."""
        async with Simulators(f"{addresses.simulators_url}") as simulators:
            opened = await simulators.act("github", "issues", user="ada", title=TITLE, body=DESCRIPTION, labels=[])
        number = int(opened["result"]["number"])
        issue = IssueRef(repo=f"{addresses.repository}", number=number, url=str(opened["result"]["html_url"]))
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            answer = await client.get(f"{addresses.temporal_http_url}/openapi.yaml")
        answer.raise_for_status()
        cut = await asyncio.to_thread(pruned, answer.content, _PATHS)
        store = open_artifacts(ArtifactSettings(url=(addresses.data_dir / "artifacts").as_uri()))
        return cls(
            addresses,
            issue,
            small=await store.put(cut, _MEDIA_TYPE),
            large=await store.put(answer.content, _MEDIA_TYPE),
        )

    def request(self, document: ArtifactRef, *, automatic: bool = True) -> CreateIntegration:
        """`automatic`: nobody is waited for, so that a person's time is not measured."""
        integration_id = ids.new("int")
        return CreateIntegration(
            integration_id=integration_id,
            organization_id=ids.DEFAULT_ORGANIZATION,
            request=IntegrationRequest(
                title=TITLE,
                description=DESCRIPTION,
                document=DocumentSource(artifact=document),
                name=f"measured-{integration_id[-12:]}",
                base_url=self._addresses.temporal_http_url,
            ),
            requester=Actor(channel=Channel.GITHUB, name="ada"),
            repository=f"{self._addresses.repository}",
            issue=self._issue,
            policy=ReviewPolicy(automatic=automatic),
        )


def pruned(document: bytes, paths: tuple[str, ...]) -> bytes:
    """An OpenAPI document with nothing but `paths` and the components that they refer to."""
    whole = yaml.load(document, Loader=_LOADER)  # a safe loader, by its C implementation if there
    kept: dict[str, Any] = {key: whole[key] for key in ("openapi", "info")}
    kept["paths"] = {path: whole["paths"][path] for path in paths}
    kept["components"] = {}
    wanted = list(_references(kept["paths"]))
    while wanted:
        _, _, kind, name = wanted.pop().split("/")
        group = kept["components"].setdefault(kind, {})
        if name not in group:
            group[name] = whole["components"][kind][name]
            wanted.extend(_references(group[name]))
    return json.dumps(kept).encode()


def _references(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(reference := node.get("$ref"), str):
            yield reference
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
