"""What the answers of checks and tests mean, whichever words they are given in."""

import re

from simulators.claude.brain.reading import as_json

_CLEAN = re.compile(r"\bclean\b|\bno findings\b|\b0 findings\b|\bnothing found\b|all checks passed", re.IGNORECASE)
_FINDING = re.compile(
    r"^\s*[-*]?\s*(error\b|.*\berror:|[\w./-]+\.(py|ya?ml|toml|md):\d+)", re.IGNORECASE | re.MULTILINE
)


def clean(answer: str) -> bool:
    """Whether checks found nothing that must be mended."""
    value = as_json(answer) if answer.lstrip().startswith("{") else None
    if isinstance(value, dict) and isinstance(value.get("findings"), list):
        return not [
            one for one in value["findings"] if not isinstance(one, dict) or one.get("level", "error") == "error"
        ]
    return bool(_CLEAN.search(answer.strip().split("\n", maxsplit=1)[0])) or not _FINDING.search(answer)


def passed(answer: str) -> bool:
    """Whether tests ran, none failed, and nothing is wrong with the tests themselves."""
    value = as_json(answer) if answer.lstrip().startswith("{") else None
    if isinstance(value, dict) and "failed" in value:
        return not value["failed"] and bool(value.get("passed"))
    failed = re.search(r"\b(\d+) (failed|errors?)\b", answer)
    good = re.search(r"\b(\d+) passed\b", answer)
    blocked = re.search(r"^error: ", answer, re.MULTILINE)
    return bool(good and int(good.group(1))) and not (failed and int(failed.group(1))) and not blocked
