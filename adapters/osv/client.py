"""Looking packages up in OSV over its HTTP API: `POST /v1/querybatch`, then `GET /v1/vulns/{id}`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from adapters.osv import cvss
from adapters.osv.settings import OsvSettings
from adapters.osv.wire import Batch, Entry
from domain.errors import VendorRateLimited, VendorRejected, VendorUnavailable

_MAX_BATCH = 1000  # OSV's own limit
_MAX_PAGES = 10
_MAX_ENTRIES = 200
_AT_ONCE = 8

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Vulnerability:
    """One known hole in one package. `score` is CVSS, 0 to 10, None if nobody says; `fixed` names versions without it.

    `aliases` are other names of the same, such as its CVE.
    """

    id: str
    aliases: tuple[str, ...]
    purl: str
    summary: str
    score: float | None
    fixed: tuple[str, ...]


class Osv:
    """Raises VendorUnavailable, VendorRateLimited or VendorRejected where the database gives no whole answer."""

    def __init__(self, settings: OsvSettings) -> None:
        self._settings = settings

    @property
    def url(self) -> str:
        """Where it is; empty if lookups are turned off."""
        return "" if self._settings.url == "off" else self._settings.url.rstrip("/")

    async def look_up(self, purls: Sequence[str]) -> list[Vulnerability]:
        """What is known of these package URLs (each with its version), by package and id. Aliases are one entry."""
        timeout = httpx.Timeout(self._settings.timeout)
        limits = httpx.Limits(max_connections=_AT_ONCE)
        try:
            async with (
                asyncio.timeout(self._settings.total_timeout),
                httpx.AsyncClient(base_url=self.url, timeout=timeout, limits=limits) as http,
            ):
                named = await _named(http, purls)
                ids = sorted({one for found in named.values() for one in found})
                if len(ids) > _MAX_ENTRIES:
                    raise VendorRejected(
                        f"OSV names {len(ids)} vulnerabilities, more than {_MAX_ENTRIES}.", vendor="osv"
                    )
                entries = await asyncio.gather(*(_ask(http, Entry, "GET", f"/v1/vulns/{one}") for one in ids))
        except TimeoutError as late:
            raise VendorUnavailable("The vulnerability database did not answer in time.", vendor="osv") from late
        known = {one: entry for one, entry in zip(ids, entries, strict=True) if entry.withdrawn is None}
        return [
            _merged(purl, group)
            for purl, found in sorted(named.items())
            for group in _groups([known[one] for one in sorted(found) if one in known])
        ]


async def _named(http: httpx.AsyncClient, purls: Sequence[str]) -> dict[str, set[str]]:
    """Ids for each package URL, over all pages."""
    named: dict[str, set[str]] = {purl: set() for purl in purls}
    waiting = [(purl, "") for purl in purls]
    for _ in range(_MAX_PAGES * (1 + len(purls) // _MAX_BATCH)):
        if not waiting:
            return named
        now, waiting = waiting[:_MAX_BATCH], waiting[_MAX_BATCH:]
        queries = [{"package": {"purl": purl}, **({"page_token": token} if token else {})} for purl, token in now]
        answer = await _ask(http, Batch, "POST", "/v1/querybatch", json={"queries": queries})
        if len(answer.results) != len(now):
            raise VendorRejected("OSV answered another number of queries than it was asked.", vendor="osv")
        for (purl, _), result in zip(now, answer.results, strict=True):
            named[purl] |= {vulnerability.id for vulnerability in result.vulns}
            waiting += [(purl, result.next_page_token)] if result.next_page_token else []
    raise VendorRejected("OSV's answer has more pages than are read.", vendor="osv")


async def _ask(http: httpx.AsyncClient, model: type[_Model], method: str, path: str, json: object = None) -> _Model:
    try:
        answer = await http.request(method, path, json=json)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise VendorUnavailable(f"The vulnerability database cannot be reached: {error!r}.", vendor="osv") from error
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise VendorRateLimited("The vulnerability database asks us to wait.", vendor="osv")
    if answer.is_server_error:
        raise VendorUnavailable(f"The vulnerability database answered {answer.status_code}.", vendor="osv")
    try:
        answer.raise_for_status()
        return model.model_validate_json(answer.content)
    except (httpx.HTTPStatusError, ValidationError) as error:
        raise VendorRejected(f"OSV answered {answer.status_code} with what is no answer.", vendor="osv") from error


def _groups(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries of the same vulnerability together: databases name each other's ids as aliases."""
    groups: list[list[Entry]] = []
    for entry in entries:
        names = {entry.id, *entry.aliases}
        same = [group for group in groups if any(names & {other.id, *other.aliases} for other in group)]
        groups = [group for group in groups if group not in same]
        groups.append([*(other for group in same for other in group), entry])
    return groups


def _merged(purl: str, group: Sequence[Entry]) -> Vulnerability:
    first = min(group, key=lambda entry: (not entry.id.startswith("GHSA-"), entry.id))
    names = {name for entry in group for name in (entry.id, *entry.aliases)} - {first.id}
    package = purl.removeprefix("pkg:pypi/").partition("@")[0]
    fixed = {
        event.fixed
        for entry in group
        for affected in entry.affected
        if affected.package.name.lower().replace("_", "-") in {package, ""}
        for one in affected.ranges
        for event in one.events
        if event.fixed
    }
    said = next((text for entry in (first, *group) for text in (entry.summary, entry.details) if text), "")
    return Vulnerability(
        id=first.id,
        aliases=tuple(sorted(names)),
        purl=purl,
        summary=" ".join(said.split())[:300],
        score=cvss.worst([cvss.score(entry) for entry in group]),
        fixed=tuple(sorted(fixed)),
    )
