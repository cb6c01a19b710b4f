"""Kubernetes: rollouts and watches, and what happens when the API server does not do its part."""

import json
from typing import Any

import pytest

from adapters.kubernetes_target import KubernetesTarget
from domain.errors import (
    CcbError,
    Forbidden,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)
from simulators.kit import Simulators
from tests.contract.targets.conftest import kubernetes_settings
from tests.contract.targets.test_life import left
from tests.contract.targets.worlds import NAME, World, version


async def test_a_rollout_is_watched_to_its_deadline(kubernetes: World) -> None:
    made = version("6.6.7")
    await kubernetes.simulators.act("kubernetes", "behave", version="6.6.7", kind="unready", deadline=0.4)
    status = await kubernetes.start(made)
    assert status.state == "failed"
    assert "timed out progressing" in status.detail
    watches = [entry for entry in await kubernetes.sent("GET", "/deployments$") if "watch=true" in entry.query]
    assert watches
    assert all("resourceVersion=" in entry.query and "timeoutSeconds=2" in entry.query for entry in watches)


@pytest.mark.parametrize("fault", ["drop", "expired"])
async def test_a_watch_that_breaks_off_goes_on(kubernetes: World, fault: str) -> None:
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    kind = "error" if fault == "expired" else "drop"
    await kubernetes.simulators.fault("kubernetes", kind, path="/deployments$", status=410, body=gone)
    assert (await kubernetes.start(version())).healthy


@pytest.mark.parametrize("kind", ["ConfigMap", "Deployment", "HTTPRoute", "NetworkPolicy", "Secret", "Service"])
async def test_a_lost_answer_is_repeated_to_the_same_end(kubernetes: World, kind: str) -> None:
    """The outcome is said to be unknown, and the repetition finds what was done."""
    made = version()
    await kubernetes.simulators.fault("kubernetes", "lose_reply", method="PATCH", path=f"(?i)/{kind[:-1]}")
    with pytest.raises(VendorOutcomeUnknown):
        await kubernetes.start(made)
    assert (await kubernetes.start(made)).healthy
    deployments = [one for one in await kubernetes.objects() if one["kind"] == "Deployment"]
    assert [one["metadata"]["generation"] for one in deployments] == [1]
    await kubernetes.simulators.fault("kubernetes", "lose_reply", method="DELETE", path=f"(?i)/{kind[:-1]}")
    with pytest.raises(VendorOutcomeUnknown):
        await kubernetes.target.stop(made.id)
    await kubernetes.target.stop(made.id)
    assert await left(kubernetes) == []


async def test_a_switch_whose_answer_is_lost(kubernetes: World) -> None:
    old, new = await kubernetes.live(), version("2.0.0")
    await kubernetes.start(new)
    await kubernetes.simulators.fault("kubernetes", "lose_reply", method="PATCH", path="/httproutes/")
    with pytest.raises(VendorOutcomeUnknown):
        await kubernetes.target.switch(NAME, new.id)
    assert set(await kubernetes.asked(5)) == {new.id}
    await kubernetes.target.switch(NAME, new.id)
    await kubernetes.target.stop(old.id)
    assert set(await kubernetes.asked(5)) == {new.id}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, VendorRejected),
        (403, VendorRejected),
        (409, VendorUnavailable),
        (422, VendorRejected),
        (429, VendorRateLimited),
        (500, VendorOutcomeUnknown),
        (503, VendorUnavailable),
    ],
)
async def test_refusals_of_the_server(kubernetes: World, status: int, expected: type[CcbError]) -> None:
    """Each is one of our errors, says what the server said, and was sent once: Temporal repeats, not the client."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "quota is used up", "code": status}
    await kubernetes.simulators.fault(
        "kubernetes", "error", method="PATCH", status=status, body=body, headers={"Retry-After": "7"}
    )
    with pytest.raises(expected, match="quota is used up") as caught:
        await kubernetes.start(version())
    assert type(caught.value) is expected
    assert caught.value.retry_after == (7 if status == 429 else None)
    assert len(await kubernetes.sent("PATCH")) == 1


async def test_a_gateway_that_refuses_a_route(kubernetes: World) -> None:
    """A route to a Service that is gone is not a switch."""
    made = version()
    await kubernetes.start(made)
    token = kubernetes.simulators.config["kubernetes"]["token"]
    service = f"{kubernetes.simulators.kubernetes_url}/api/v1/namespaces/ccb/services/{made.id.replace('_', '-')}"
    (await kubernetes.http.delete(service, headers={"Authorization": f"Bearer {token}"})).raise_for_status()
    with pytest.raises(VendorRejected, match="there is no Service"):
        await kubernetes.target.switch(NAME, made.id)


async def test_what_the_target_does_not_know_it_says(kubernetes: World) -> None:
    made = await kubernetes.live()
    await kubernetes.asked(3)
    traffic = await kubernetes.target.traffic(made.id, seconds=60)
    assert (traffic.seconds, traffic.requests) == (0, 0)


async def test_without_keys_nothing_is_started(simulators: Simulators) -> None:
    target = KubernetesTarget(kubernetes_settings(simulators))
    made = version()
    with pytest.raises(Forbidden):
        await target.start(made.spec, made.bundle, configuration={}, secrets={}, heartbeat=len)
    await target.close()


async def test_a_server_that_is_not_there(simulators: Simulators) -> None:
    target = KubernetesTarget(kubernetes_settings(simulators, url="http://127.0.0.1:1"))
    with pytest.raises(VendorUnavailable, match="cannot be reached"):
        await target.live(NAME)
    await target.close()


async def test_a_wrong_token(simulators: Simulators) -> None:
    target = KubernetesTarget(kubernetes_settings(simulators, token="wrong"))
    with pytest.raises(VendorRejected, match="Unauthorized"):
        await target.live(NAME)
    await target.close()


async def test_a_watch_from_a_version_that_is_forgotten_is_told_so(kubernetes: World, simulators: Simulators) -> None:
    """The simulator: what happened since is told, in order; from too far back, that it expired."""
    await kubernetes.live()
    headers = {"Authorization": f"Bearer {simulators.config['kubernetes']['token']}"}
    url = f"{simulators.kubernetes_url}/apis/apps/v1/namespaces/ccb/deployments"
    query = {"watch": "true", "resourceVersion": "1", "timeoutSeconds": "0.3"}

    async def watched() -> list[dict[str, Any]]:
        answer = await kubernetes.http.get(url, params=query, headers=headers)
        return [json.loads(line) for line in answer.text.splitlines()]

    await simulators.act("kubernetes", "compact")
    (expired,) = await watched()
    assert (expired["type"], expired["object"]["code"]) == ("ERROR", 410)
    listed = (await kubernetes.http.get(url, headers=headers)).json()
    query["resourceVersion"] = listed["metadata"]["resourceVersion"]
    await kubernetes.start(version("3.0.0"))
    happened = await watched()
    assert [one["type"] for one in happened[:2]] == ["ADDED", "MODIFIED"]
    versions = [int(one["object"]["metadata"]["resourceVersion"]) for one in happened]
    assert versions == sorted(versions)
