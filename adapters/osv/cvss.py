"""How bad a vulnerability is, as a CVSS base score from 0 to 10.

Version 3 is computed by the published formula (first.org/cvss/v3.1/specification-document, section 7). Version 4 has no
formula but a table of 270 scores; there, as where no vector is given, the database's own word stands in, as the upper
end of its range (section 5).
"""

import math
from collections.abc import Sequence

from adapters.osv.wire import Entry, Severity

_ATTACK_VECTOR = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
_COMPLEXITY = {"L": 0.77, "H": 0.44}
_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
_INTERACTION = {"N": 0.85, "R": 0.62}
_IMPACT = {"H": 0.56, "L": 0.22, "N": 0.0}
_WORDS = {"NONE": 0.0, "LOW": 3.9, "MODERATE": 6.9, "MEDIUM": 6.9, "HIGH": 8.9, "CRITICAL": 10.0}


def score(entry: Entry) -> float | None:
    """The highest score that the entry gives, None if it says nothing that can be read."""
    vectors = [*entry.severity, *(severity for affected in entry.affected for severity in affected.severity)]
    found = [base for base in (_of_vector(vector) for vector in vectors) if base is not None]
    if found:
        return max(found)
    return _WORDS.get((entry.database_specific.severity or "").upper())


def _of_vector(severity: Severity) -> float | None:
    return base_score(severity.score) if severity.type == "CVSS_V3" else None


def base_score(vector: str) -> float | None:
    """The base score of a vector such as `CVSS:3.1/AV:N/AC:L/…`; None if it is not a whole one."""
    version, *parts = vector.split("/")
    if version not in {"CVSS:3.0", "CVSS:3.1"}:
        return None
    metrics = dict(part.split(":", 1) for part in parts if ":" in part)
    try:
        scope = metrics["S"]
        exploitability = 8.22 * _product(
            _ATTACK_VECTOR[metrics["AV"]],
            _COMPLEXITY[metrics["AC"]],
            _PRIVILEGES[scope][metrics["PR"]],
            _INTERACTION[metrics["UI"]],
        )
        lost = 1 - _product(*(1 - _IMPACT[metrics[name]] for name in ("C", "I", "A")))
    except KeyError:
        return None
    changed = scope == "C"
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    if impact <= 0:
        return 0.0
    return _round_up(min((1.08 if changed else 1.0) * (impact + exploitability), 10))


def _product(*factors: float) -> float:
    return math.prod(factors)


def _round_up(value: float) -> float:
    """To one decimal, upwards, without the errors of binary fractions (appendix A)."""
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10


def worst(scores: Sequence[float | None]) -> float | None:
    known = [one for one in scores if one is not None]
    return max(known) if known else None
