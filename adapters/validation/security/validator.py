"""The validator of security, as far as the files tell."""

import asyncio

from adapters.validation.security import analysers, hosts
from adapters.validation.security.sightings import OURS, once, waved_through
from adapters.validation.validator import Found, Heartbeat, Subject
from domain.reports import Kind


class Security:
    """No secrets, no way to run code or reach hosts that nobody reviewed, and the rules of ruff and bandit.

    What two tools say of the same lines and matter is kept once. A comment that asks to leave a finding out makes it a
    person's to decide; our own rules cannot be waved through at all.
    """

    kind = Kind.SECURITY
    tools = (OURS, "ruff", analysers.BANDIT, analysers.SECRETS)

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found:
        space = subject.workspace
        (ours, urls), secrets, linted, bandit = await asyncio.gather(
            analysers.inspected(space, heartbeat),
            analysers.secrets(space, heartbeat),
            analysers.linted(space, heartbeat),
            analysers.bandit(space, heartbeat),
        )
        lines = {path: text.splitlines() for path, text in subject.files.items()}
        findings = [
            waved_through(one, lines.get(one.finding.path, [])).finding
            for one in once([*ours, *secrets, *linted, *bandit])
        ]
        if subject.manifest is not None:
            findings += hosts.undeclared(urls, subject.manifest)
        return Found(findings)
