"""Hosts that the code names against hosts that the manifest declares."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from adapters.validation.security.analysers import Place
from adapters.validation.security.sightings import OURS
from domain.manifest import Manifest
from domain.reports import Finding, Kind, Level

_DEFAULT_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}


def undeclared(urls: Sequence[Place], declared: Manifest) -> list[Finding]:
    return [
        Finding(
            kind=Kind.SECURITY,
            tool=OURS,
            rule="undeclared-host",
            level=Level.ERROR,
            message=f"{place.url[:200]} is on a host that the manifest does not declare",
            path=place.path,
            line=place.line,
            fix=f"use only {', '.join(declared.hosts)}",
        )
        for place in urls
        if not _names(place.url) & set(declared.hosts)
    ]


def _names(url: str) -> set[str]:
    """How a manifest may name the URL's host: with its port, and without if it is the scheme's own."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return set()
    host = parts.netloc.rpartition("@")[2].lower()
    port = _DEFAULT_PORTS.get(parts.scheme.lower(), "")
    return {host, host.removesuffix(port) if host.endswith(port) else f"{host}{port}"}
