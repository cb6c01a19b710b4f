"""What an auditor makes of what is seen: each thing that should not be is a finding."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from tests.faults.chaos.seen import BUNDLES, Execution, Json, Seen, grouped

Kind = Literal["unsettled", "orphan", "duplicate", "lost event", "paid twice", "canary"]

LIVING: Final = frozenset({"active", "deprecated"})
RESTING: Final = LIVING | {"failed", "retired"}
_ENDING: Final = ("integration/", "webhook/", "test/")
"""What must have ended at rest, by how its workflow id begins. Sweeps come again and again."""

_BRANCH = re.compile(r"^refs/heads/ccb/(?P<name>.+)-(?P<version>\d+\.\d+\.\d+[^/]*)$")
_MARK = re.compile(r"<!-- ccb:(\S+) -->")
_KEY = re.compile(r"^Ccb-Key: (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """`of` is the integration it is about, by its id; '' if it is about none. `amount` counts, or is in tokens."""

    kind: Kind
    what: str
    of: str = ""
    amount: int = 1


@dataclass(frozen=True)
class Expected:
    """What somebody was promised: an answer said that it was accepted, and it may end in these stages."""

    name: str
    integration_id: str | None
    may_end: frozenset[str]


class Judge:
    """Over what was seen at rest."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self.integrations: Mapping[str, Json] = {row["id"]: row for row in seen.tables["integrations"]}
        self._living = {row["name"]: row for row in self.integrations.values() if row["stage"] in LIVING}
        self._versions = {
            (row["integration_id"], row["version"]): json.loads(row["document"]) for row in seen.tables["versions"]
        }
        self._current = {
            row["integration_id"]: json.loads(row["document"]) for row in seen.tables["registry"] if row["is_current"]
        }

    @property
    def runs(self) -> list[Execution]:
        """Every life-cycle run, oldest first."""
        found = (each for each in self._seen.executions if each.integration_id is not None)
        return sorted(found, key=lambda each: each.started)

    def findings(self, expected: Sequence[Expected]) -> list[Finding]:
        return [
            *self.unsettled(),
            *self.unexpected(expected),
            *self.orphans(),
            *self.duplicates(),
            *self.lost_events(),
        ]

    # Settled: every run has ended, and what is outside is what its end says

    def unsettled(self) -> Iterator[Finding]:
        last: dict[str, Execution] = {}
        for run in self.runs:
            of = run.integration_id or ""
            last[of] = run
            if run.status not in {"COMPLETED", "FAILED"}:
                yield Finding("unsettled", f"{run.workflow_id} is {run.status}", of)
        for each in self._seen.executions:
            if each.status == "RUNNING" and each.integration_id is None and each.workflow_id.startswith(_ENDING):
                yield Finding("unsettled", f"{each.workflow_id} still runs", each.workflow_id.split("/")[1])
        for of, run in last.items():
            row = self.integrations.get(of)
            if row is None and run.status == "COMPLETED":
                yield Finding("unsettled", f"{run.workflow_id} succeeded and left no row", of)
            if row is not None and row["stage"] not in RESTING:
                yield Finding("unsettled", f"{row['name']} is {row['stage']}, its last run {run.status}", of)
        for row in self._living.values():
            yield from (Finding("unsettled", f"{row['name']}: {what}", row["id"]) for what in self._amiss(row))

    def _amiss(self, row: Json) -> Iterator[str]:
        """What is not as it should be outside for an integration that lives."""
        entry = self._current.get(row["id"])
        if entry is None:
            yield "not in the registry"
            return
        deployment = next((each for each in self._seen.deployments if each["id"] == entry["deployment_id"]), None)
        if deployment is None:
            yield "its deployment is not there"
        elif (deployment["state"], deployment["healthy"], deployment["live"]) != ("running", True, True):
            yield f"its deployment is {deployment['state']}, healthy={deployment['healthy']}, live={deployment['live']}"
        if self._seen.answers.get(f"{entry['url']}/health") != 200:
            yield f"{entry['url']}/health answers {self._seen.answers.get(entry['url'] + '/health')}"
        version = self._versions.get((row["id"], entry["version"]))
        if version is None:
            yield f"version {entry['version']} is not recorded"
        elif version["content_hash"] != entry["content_hash"]:
            yield "the registry names other content than the version"
        if f"{BUNDLES}{row['id']}/{row['name']}-{entry['version']}.tar" not in self._seen.objects:
            yield "its bundle is not there"
        if row["name"] not in self._seen.folders:
            yield "its folder is not on the main branch"

    def unexpected(self, expected: Sequence[Expected]) -> Iterator[Finding]:
        known = {each.integration_id for each in expected}
        for each in expected:
            row = self.integrations.get(each.integration_id or "")
            if each.integration_id is not None and row is None:
                yield Finding("unsettled", f"{each.name} was accepted, and there is no row of it", each.integration_id)
            elif row is not None and row["stage"] not in each.may_end:
                yield Finding("unsettled", f"{each.name} ended {row['stage']}", row["id"])
        for of, row in self.integrations.items():
            if of not in known:
                yield Finding("unsettled", f"nobody was told of {row['name']} ({row['title']})", of)

    # Orphans: something outside without an integration that lives

    def orphans(self) -> Iterator[Finding]:
        yield from self._orphans_of_the_repository()
        for deployment in self._seen.deployments:
            if deployment["id"] not in self._deployed():
                yield Finding("orphan", f"deployment {deployment['id']} of {deployment['name']}")
        for folder in sorted(self._seen.processes - {each["id"] for each in self._seen.deployments}):
            yield Finding("orphan", f"a process of the deployment {folder}")
        for key in self._seen.objects:
            if key.startswith(BUNDLES):
                of, _, file = key.removeprefix(BUNDLES).partition("/")
                if (of, file.removesuffix(".tar").rpartition("-")[2]) not in self._versions:
                    yield Finding("orphan", f"bundle {key}", of)
        for table in ("registry", "versions", "secrets"):
            for row in self._seen.tables[table]:
                stage = self.integrations[row["integration_id"]]["stage"]
                if stage == "failed":
                    yield Finding("orphan", f"a row of {table}, its integration {stage}", row["integration_id"])

    def _orphans_of_the_repository(self) -> Iterator[Finding]:
        for ref in self._seen.refs:
            if (found := _BRANCH.match(ref)) and not self._lives(found):
                yield Finding("orphan", f"branch {ref}")
        for pull in self._seen.pulls:
            found = _BRANCH.match(f"refs/heads/{pull['pull']['head_ref']}")
            if found and pull["state"] == "open":
                yield Finding("orphan", f"open pull request #{pull['number']} of {pull['pull']['head_ref']}")
        for folder in sorted(self._seen.folders - self._living.keys()):
            yield Finding("orphan", f"folder integrations/{folder} on the main branch")

    def _lives(self, branch: re.Match[str]) -> bool:
        """A merged branch stays, and with it that of a version whose integration has retired since."""
        rows = (row for row in self.integrations.values() if row["name"] == branch["name"] and row["stage"] != "failed")
        return any((row["id"], branch["version"]) in self._versions for row in rows)

    def _deployed(self) -> set[str]:
        """The deployments that serve a living integration, in whatever environment."""
        living = {row["id"] for row in self._living.values()}
        current = {entry["deployment_id"] for of, entry in self._current.items() if of in living}
        rows = self._seen.tables.get("deployments", ())
        return current | {row["id"] for row in rows if row["integration_id"] in living and row["state"] == "serving"}

    # Duplicates: two of something that has one key

    def duplicates(self) -> Iterator[Finding]:
        for what, keys in self._keys().items():
            for key, count in Counter(keys).items():
                if count > 1:
                    yield Finding("duplicate", f"{count} × {what} {key}", amount=count - 1)

    def _keys(self) -> dict[str, list[Any]]:
        seen = self._seen
        posted = [each for each in seen.messages if not each["deleted"]]
        comments = [
            f"#{number} {mark}"
            for number, found in seen.comments.items()
            for each in found
            for mark in _MARK.findall(each["body"] or "")
        ]
        merges = [each["commit"]["message"].splitlines()[0] for each in seen.commits if len(each["parents"]) > 1]
        return {
            "pull request": [each["pull"]["head_ref"] for each in seen.pulls],
            "message": [
                payload["key"] for each in posted if (payload := (each.get("metadata") or {}).get("event_payload"))
            ],
            "comment": comments,
            "merge": merges,
            "commit": [key for each in seen.commits for key in _KEY.findall(each["commit"]["message"])],
            "live deployment": [each["url"] for each in seen.deployments if each["live"]],
            "integration": [row["title"] for row in self.integrations.values()],
        }

    # Events: each change is on the bus, at least once and in order

    def lost_events(self) -> Iterator[Finding]:
        arrived: dict[str, list[int]] = {}
        for event in self._seen.stream:
            arrived.setdefault(event["subject"], []).append(int(event["sequence"]))
        ids = {event["id"] for event in self._seen.stream}
        written = grouped(self._seen.tables["events"], "integration_id")
        for of, row in self.integrations.items():
            rows = sorted(written[of], key=lambda each: int(each["sequence"]))
            numbers = [int(each["sequence"]) for each in rows]
            if numbers != list(range(1, int(row["last_sequence"]) + 1)):
                yield Finding("lost event", f"{row['name']}: {row['last_sequence']} changes, events {numbers}", of)
            if rows and json.loads(rows[-1]["data"]).get("stage", row["stage"]) != row["stage"]:
                yield Finding("lost event", f"{row['name']}: no event says that it is {row['stage']}", of)
            missing = [each["sequence"] for each in rows if each["id"] not in ids]
            if missing:
                yield Finding("lost event", f"{row['name']}: {missing} never reached the bus", of, len(missing))
            first = list(dict.fromkeys(arrived.get(of, [])))
            if first != sorted(first):
                yield Finding("lost event", f"{row['name']}: they came in the order {first}", of)
