"""Findings as SARIF 2.1.0 (OASIS, docs.oasis-open.org/sarif/sarif/v2.1.0)."""

import json
from collections.abc import Sequence

from pydantic import JsonValue

from domain.reports import Finding

MEDIA_TYPE = "application/sarif+json"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(tools: Sequence[str], findings: Sequence[Finding]) -> bytes:
    """One run a tool, also for a tool that found nothing."""
    runs: list[JsonValue] = [_run(tool, [finding for finding in findings if finding.tool == tool]) for tool in tools]
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}, sort_keys=True).encode()


def _run(tool: str, findings: Sequence[Finding]) -> JsonValue:
    rules: list[JsonValue] = [{"id": rule} for rule in sorted({finding.rule for finding in findings})]
    return {
        "tool": {"driver": {"name": tool, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding) for finding in findings],
    }


def _result(finding: Finding) -> JsonValue:
    result: dict[str, JsonValue] = {
        "ruleId": finding.rule,
        "level": finding.level.value,
        "message": {"text": finding.message},
    }
    if finding.path:
        place: dict[str, JsonValue] = {"artifactLocation": {"uri": finding.path}}
        if finding.line > 0:
            place["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": place}]
    if finding.fix:
        result["properties"] = {"fix": finding.fix}
    return result
