"""The validator of what a version would install, against a vulnerability database."""

import asyncio
from collections.abc import Sequence
from typing import Final

from adapters.osv import Osv, Vulnerability
from adapters.validation.validator import Found, Heartbeat, Subject
from domain import manifest
from domain.errors import VendorError, VendorRateLimited, VendorUnavailable
from domain.reports import Finding, Kind, Level

TOOL = "osv"
UNKNOWN = "unknown"
_HIGH = 7.0  # CVSS 3.1, section 5: "High" begins here
_KEEP = 3600.0
_PAUSES: Final = (0.5, 1.0, 2.0)
"""Seconds before each further try."""
_NO_WORDS = "see {id} at osv.dev for what it means"


class Vulnerabilities:
    """No wheel of the lock has a known hole. What could not be looked up is unknown, which a person has to accept.

    A hole is an error if it is of CVSS 7 or more, if nobody says how bad it is, or if no version without it is known;
    else a warning. An answer is remembered for an hour, an unknown not at all.
    """

    kind = Kind.SECURITY
    tools = (TOOL,)

    def __init__(self, osv: Osv) -> None:
        self._osv = osv

    @property
    def settings(self) -> str:
        """What else the answer depends on."""
        return self._osv.url

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found:
        heartbeat("looking packages up")
        if subject.lock is None:
            return _unknown("the requirements could not be resolved, so there is nothing to look up")
        if not self._osv.url:
            return _unknown("lookups are turned off (CCB_OSV_URL)")
        try:
            found = await self._looked_up(subject.lock.purls, heartbeat)
        except VendorError as error:
            return _unknown(error.message)
        return Found([_finding(one) for one in found], keep_for=_KEEP)

    async def _looked_up(self, purls: Sequence[str], heartbeat: Heartbeat) -> list[Vulnerability]:
        """What is away for a moment is asked again here: a person would have to accept what is not known."""
        for pause in _PAUSES:
            try:
                return await self._osv.look_up(purls)
            except (VendorUnavailable, VendorRateLimited):
                await asyncio.sleep(pause)
                heartbeat("looking packages up once more")
        return await self._osv.look_up(purls)


def _finding(one: Vulnerability) -> Finding:
    known_and_mild = one.score is not None and one.score < _HIGH and bool(one.fixed)
    severity = "of unknown severity" if one.score is None else f"CVSS {one.score:g}"
    names = f" ({', '.join(one.aliases[:3])})" if one.aliases else ""
    package = one.purl.removeprefix("pkg:pypi/")
    return Finding(
        kind=Kind.SECURITY,
        tool=TOOL,
        rule=one.id,
        level=Level.WARNING if known_and_mild else Level.ERROR,
        message=f"{package} has {one.id}{names}, {severity}: {one.summary or _NO_WORDS.format(id=one.id)}",
        path=manifest.PATH,
        fix=f"mended in {', '.join(one.fixed[:5])}" if one.fixed else "no version without it is known: do without it",
    )


def _unknown(why: str) -> Found:
    finding = Finding(
        kind=Kind.SECURITY,
        tool=TOOL,
        rule=UNKNOWN,
        level=Level.WARNING,
        message=f"whether the packages have known vulnerabilities is not known: {why}",
        path=manifest.PATH,
        fix="look again when the database can be reached, or have a person accept it",
    )
    return Found([finding], keep_for=0)
