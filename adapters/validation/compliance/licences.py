"""Licences of everything that would be installed, against the policy's allow-list (SPDX expressions)."""

from collections.abc import Iterator, Sequence
from functools import cache

from boolean.boolean import Expression
from license_expression import ExpressionError, LicenseSymbol, LicenseWithExceptionSymbol, Licensing, get_spdx_licensing

from domain.manifest import PATH
from domain.packages import Lock, LockedPackage
from domain.reports import Finding, Kind, Level

TOOL = "licences"


@cache
def _spdx() -> Licensing:
    return get_spdx_licensing()


def parsed(text: str) -> Expression | None:
    """An SPDX expression whose every licence is on SPDX's list; None for anything else."""
    try:
        found = _spdx().parse(text)
    except ExpressionError:
        return None
    if found is None or _spdx().unknown_license_keys(found):
        return None
    return found


def admitted(expression: Expression, allowed: frozenset[str]) -> bool:
    """Of alternatives one has to be allowed, of licences that hold together all.

    An exception gives rights and takes none, so a licence that is allowed is so with an exception too.
    """
    if isinstance(expression, LicenseWithExceptionSymbol):
        return str(expression) in allowed or expression.license_symbol.key in allowed
    if isinstance(expression, LicenseSymbol):
        return expression.key in allowed
    parts = [admitted(part, allowed) for part in expression.args]
    return any(parts) if isinstance(expression, _spdx().OR) else all(parts)


def look(lock: Lock | None, allowed: Sequence[str]) -> list[Finding]:
    if lock is None:
        return [
            _finding(
                "not-locked",
                "its dependencies are not locked, so nobody knows what would be installed, and under which licences",
                "mend what keeps its requirements from being resolved",
            )
        ]
    spelled = frozenset(str(parsed(one) or one) for one in allowed)
    return [found for package in lock.packages for found in _look(package, lock, spelled)]


def _look(package: LockedPackage, lock: Lock, allowed: frozenset[str]) -> Iterator[Finding]:
    who = f"{package.name} {package.version}{_because(package, lock)}"
    expression = parsed(package.license)
    if expression is None:
        said = f"says {package.license[:100]!r}, which is no SPDX expression" if package.license else "does not say"
        yield _finding(
            "unknown-license",
            f"the licence of {who} is not known: its wheel {said}",
            f"require another package, or a release of {package.name} that states its licence",
        )
    elif not admitted(expression, allowed):
        yield _finding(
            "license",
            f"{who} is under {expression}, which the policy does not allow",
            "require another package; which licences are allowed is an operator's to say (licenses in the policy)",
        )


def _because(package: LockedPackage, lock: Lock) -> str:
    users = sorted(other.name for other in lock.packages if package.name in other.requires)
    return f" (needed by {', '.join(users[:5])})" if users else ""


def _finding(rule: str, message: str, fix: str) -> Finding:
    return Finding(kind=Kind.COMPLIANCE, tool=TOOL, rule=rule, level=Level.ERROR, message=message, path=PATH, fix=fix)
