"""Findings as SARIF 2.1.0 (OASIS, docs.oasis-open.org/sarif/sarif/v2.1.0)."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from pydantic import JsonValue

from adapters.validation import words
from adapters.validation.tool import FAILED, TOOLS
from domain.reports import Finding

MEDIA_TYPE = "application/sarif+json"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "INTEGRATION"
_FINGERPRINT = "ccbFinding/v1"

JsonObject = dict[str, JsonValue]


def sarif(tools: Sequence[str], findings: Sequence[Finding], files: Mapping[str, str]) -> bytes:
    """One run a tool, also for a tool that found nothing. The same findings are the same bytes.

    §3.55 lets a `fix` be exact replacements only, so a fix in words is in the message and in the properties.
    """
    named = dict.fromkeys([*tools, *(finding.tool for finding in findings)])
    runs: list[JsonValue] = [
        _run(tool, [finding for finding in findings if finding.tool == tool], files) for tool in named
    ]
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}, sort_keys=True).encode()


def _run(tool: str, findings: Sequence[Finding], files: Mapping[str, str]) -> JsonValue:
    rules = sorted({finding.rule for finding in findings})
    driver: JsonObject = {"name": tool, "rules": [_rule(tool, rule) for rule in rules]}
    distribution = tool.partition(" ")[0]  # `ruff format` is ruff's
    if distribution in TOOLS:
        driver["version"] = version(distribution)
    seen: Counter[str] = Counter()
    results: list[JsonValue] = []
    for finding in findings:
        text = _about(finding, files)
        seen[text] += 1  # the same line twice is two results
        fingerprint = hashlib.sha256(f"{text}{seen[text]}".encode()).hexdigest()
        results.append(_result(finding, rules.index(finding.rule), fingerprint))
    return {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The integration's folder."}}},
        "invocations": [{"executionSuccessful": all(finding.rule != FAILED for finding in findings)}],
        "results": results,
    }


def _rule(tool: str, rule: str) -> JsonValue:
    said = words.of(tool, rule)
    if said is None:
        return {"id": rule}
    found: JsonObject = {"id": rule, "shortDescription": {"text": said.short}}
    if said.fix:
        found["help"] = {"text": said.fix}
    return found


def _about(finding: Finding, files: Mapping[str, str]) -> str:
    """What stays of a finding when lines move: its rule, file and the text of its line."""
    lines = files.get(finding.path, "").splitlines()
    text = lines[finding.line - 1].strip() if 0 < finding.line <= len(lines) else ""
    return json.dumps([finding.kind, finding.tool, finding.rule, finding.path, text])


def _result(finding: Finding, index: int, fingerprint: str) -> JsonValue:
    properties: JsonObject = {"kind": finding.kind.value, "effect": finding.effect.value}
    text = finding.message
    if finding.fix:
        properties["fix"] = finding.fix
        text = f"{text.rstrip('.')}. To mend it: {finding.fix}"
    result: JsonObject = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.level.value,
        "message": {"text": text},
        "partialFingerprints": {_FINGERPRINT: fingerprint},
        "properties": properties,
    }
    if finding.path:
        place: JsonObject = {"artifactLocation": {"uri": finding.path, "uriBaseId": _ROOT}}
        if finding.line > 0:
            place["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": place}]
    return result
