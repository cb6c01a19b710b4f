"""Looking packages up: what is known, how bad it is, and what is said when the database cannot say."""

import socket

import httpx
import pytest

from adapters.osv import Osv, OsvSettings
from domain.errors import VendorError, VendorRateLimited, VendorRejected, VendorUnavailable
from simulators.kit import Simulators
from tests.contract.osv.conftest import HIGH, MILD, entry

HTTPX = "pkg:pypi/httpx@0.28.1"


async def declare(simulators: Simulators, *entries: dict[str, object]) -> None:
    for one in entries:
        await simulators.act("osv", "vulnerabilities", **one)


async def test_nothing_known(osv: Osv) -> None:
    assert await osv.look_up([HTTPX, "pkg:pypi/h11@0.16.0"]) == []


async def test_what_is_known_comes_with_score_and_versions(osv: Osv, simulators: Simulators) -> None:
    await declare(simulators, entry("GHSA-aaaa-bbbb-cccc", severity=HIGH), entry("PYSEC-2026-1", "h11"))
    (found,) = await osv.look_up([HTTPX, "pkg:pypi/anyio@4.0"])
    assert (found.id, found.purl, found.score, found.fixed) == ("GHSA-aaaa-bbbb-cccc", HTTPX, 9.8, ("99",))
    assert found.summary == "GHSA-aaaa-bbbb-cccc in httpx"


async def test_a_version_that_is_not_affected(osv: Osv, simulators: Simulators) -> None:
    await declare(simulators, entry("GHSA-aaaa-bbbb-cccc"))
    assert await osv.look_up(["pkg:pypi/httpx@99.1"]) == []


async def test_the_same_under_two_names_is_one_with_the_worst_score(osv: Osv, simulators: Simulators) -> None:
    await declare(
        simulators,
        entry("PYSEC-2026-7", aliases=["CVE-2026-7"], severity=MILD),
        entry("GHSA-aaaa-bbbb-cccc", aliases=["CVE-2026-7"], severity=HIGH),
    )
    (found,) = await osv.look_up([HTTPX])
    assert (found.id, found.aliases, found.score) == ("GHSA-aaaa-bbbb-cccc", ("CVE-2026-7", "PYSEC-2026-7"), 9.8)


@pytest.mark.parametrize(("word", "score"), [("LOW", 3.9), ("MODERATE", 6.9), ("HIGH", 8.9), ("strange", None)])
async def test_without_a_vector_the_databases_word_counts(
    osv: Osv, simulators: Simulators, word: str, score: float | None
) -> None:
    await declare(simulators, entry("GHSA-aaaa-bbbb-cccc", database_specific={"severity": word}))
    (found,) = await osv.look_up([HTTPX])
    assert found.score == score


async def test_all_pages_are_read(osv: Osv, simulators: Simulators) -> None:
    await declare(simulators, *(entry(f"PYSEC-2026-{number}") for number in range(101)))
    assert len(await osv.look_up([HTTPX])) == 101


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "error", "status": 503}, VendorUnavailable),
        ({"kind": "error", "status": 429}, VendorRateLimited),
        ({"kind": "error", "status": 400, "body": {"code": 3, "message": "no"}}, VendorRejected),
        ({"kind": "drop"}, VendorUnavailable),
        ({"kind": "latency", "seconds": 3}, VendorUnavailable),
    ],
    ids=["unavailable", "rate-limited", "rejected", "dropped", "late"],
)
@pytest.mark.parametrize("path", ["querybatch", "vulns/"])
async def test_no_whole_answer_is_no_answer(
    simulators: Simulators, fault: dict[str, object], expected: type[VendorError], path: str
) -> None:
    await declare(simulators, entry("GHSA-aaaa-bbbb-cccc"))
    await simulators.fault("osv", path=path, **fault)  # type: ignore[arg-type]
    since = await simulators.last("osv")
    with pytest.raises(expected):
        await Osv(OsvSettings(url=simulators.osv_url, timeout=0.5)).look_up([HTTPX])
    assert len(await simulators.journal("osv", since=since, path=path)) == 1  # Temporal owns retries


async def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(VendorUnavailable):
        await Osv(OsvSettings(url=f"http://127.0.0.1:{port}")).look_up([HTTPX])


async def test_the_simulator_refuses_what_osv_refuses(simulators: Simulators) -> None:
    async with httpx.AsyncClient(base_url=simulators.osv_url, trust_env=False) as http:
        both = {"queries": [{"package": {"purl": HTTPX}, "version": "1"}]}
        assert (await http.post("/v1/querybatch", json=both)).status_code == 400
        assert (await http.post("/v1/querybatch", content=b"{")).status_code == 400
        assert (await http.get("/v1/vulns/GHSA-none")).json() == {"code": 5, "message": "Bug not found."}
        named = {"queries": [{"package": {"ecosystem": "PyPI", "name": "httpx"}, "version": "0.28.1"}]}
        assert (await http.post("/v1/querybatch", json=named)).json() == {"results": [{}]}
