"""The database as every test finds it: it knows of nothing."""

from typing import Any

import pytest

from adapters.osv import Osv, OsvSettings
from simulators.kit import Simulators


@pytest.fixture(autouse=True)
async def _clean(simulators: Simulators) -> None:
    await simulators.reset_faults("osv")
    await simulators.act("osv", "reset")


@pytest.fixture
def osv(simulators: Simulators) -> Osv:
    return Osv(OsvSettings(url=simulators.osv_url))


def entry(name: str, package: str = "httpx", **others: Any) -> dict[str, Any]:
    """A vulnerability in OSV's format (ossf.github.io/osv-schema): of all versions before 99, where 99 mends it."""
    return {
        "schema_version": "1.7.0",
        "id": name,
        "modified": "2026-10-01T00:00:00Z",
        "published": "2026-09-01T00:00:00Z",
        "summary": f"{name} in {package}",
        "details": "Words about it.",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package, "purl": f"pkg:pypi/{package}"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}],
            }
        ],
        **others,
    }


HIGH = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
MILD = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N"}]
