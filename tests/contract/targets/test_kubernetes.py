"""What is particular to Kubernetes: the objects sent, who owns their fields, watches, and faults."""

import base64
import json
from typing import Any

import httpx
import kubernetes_validate
import pytest
from pydantic import SecretStr

from domain.artifacts import files_hash
from domain.errors import (
    InvalidInput,
)
from simulators.kit import Simulators
from tests import proofs
from tests.contract.targets.test_life import NOTICE
from tests.contract.targets.worlds import BASE_URL, NAME, TOKEN, World, version

Object = dict[str, Any]

# Fields of gateway.networking.k8s.io/v1 HTTPRoute that we use, from the published specification (v1.2).
HTTP_ROUTE: Object = {
    "parentRefs": [{"group": "", "kind": "", "namespace": "", "name": ""}],
    "hostnames": [""],
    "rules": [
        {
            "matches": [{"path": {"type": "", "value": ""}}],
            "filters": [
                {
                    "type": "",
                    "urlRewrite": {"path": {"type": "", "replacePrefixMatch": ""}},
                    "requestHeaderModifier": {"set": [{"name": "", "value": ""}]},
                    "responseHeaderModifier": {
                        "set": [{"name": "", "value": ""}],
                        "add": [{"name": "", "value": ""}],
                    },
                }
            ],
            "backendRefs": [{"group": "", "kind": "", "name": "", "port": 0, "weight": 0}],
        }
    ],
}


def fits(found: Any, published: Any, at: str = "spec") -> None:
    assert type(found) is type(published), at
    if isinstance(found, dict):
        assert found.keys() <= published.keys(), at
        for key, value in found.items():
            fits(value, published[key], f"{at}.{key}")
    elif isinstance(found, list):
        for value in found:
            fits(value, published[0], at)


async def object_of(world: World, kind: str, name: str) -> Object:
    return next(one for one in await world.objects() if (one["kind"], one["metadata"]["name"]) == (kind, name))


async def test_what_is_sent_follows_the_published_schemas(kubernetes: World) -> None:
    """Every manifest that reached the server, checked strictly: an unknown field fails."""
    old, new = await kubernetes.live(), version("2.0.0")
    await kubernetes.start(new)
    await kubernetes.target.split(NAME, new.id, percent=25)
    await kubernetes.target.announce(NAME, NOTICE)
    await kubernetes.target.switch(NAME, None)
    kinds = set()
    for entry in await kubernetes.sent("PATCH"):
        manifest = json.loads(entry.body)
        assert entry.query == "fieldManager=ccb&force=true"
        kinds.add(manifest["kind"])
        if manifest["kind"] == "HTTPRoute":
            assert manifest["apiVersion"] == "gateway.networking.k8s.io/v1"
            fits(manifest["spec"], HTTP_ROUTE)
        else:
            kubernetes_validate.validate(manifest, "1.37", strict=True)
    assert kinds == {"ConfigMap", "Deployment", "HTTPRoute", "NetworkPolicy", "Secret", "Service"}
    assert old.id != new.id


async def test_pods_are_restricted_probed_and_limited(kubernetes: World) -> None:
    made = await kubernetes.live()
    found = await object_of(kubernetes, "Deployment", made.id.replace("_", "-"))
    labels = found["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == NAME
    assert labels["app.kubernetes.io/version"] == "1.0.0"
    assert labels["app.kubernetes.io/managed-by"] == "ccb"
    pod = found["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*pod["initContainers"], *pod["containers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"] == {"cpu": "500m", "memory": "512Mi"}
    main = pod["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert main[probe]["httpGet"] == {"path": "/health", "port": "http"}
    assert "--require-hashes" in pod["initContainers"][0]["command"]
    source = next(volume["configMap"] for volume in pod["volumes"] if volume["name"] == "source")
    held = await object_of(kubernetes, "ConfigMap", source["name"])
    assert {item["path"]: held["data"][item["key"]] for item in source["items"]} == made.files


async def test_the_network_policy_lets_in_the_gateway_and_out_to_public_addresses(kubernetes: World) -> None:
    made = await kubernetes.live()
    policy = (await object_of(kubernetes, "NetworkPolicy", made.id.replace("_", "-")))["spec"]
    assert policy["podSelector"] == {"matchLabels": {"ccb/deployment": made.id}}
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    (ingress,) = policy["ingress"]
    gateway = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateways"}}}
    assert ingress["from"] == [gateway]
    _, public, private = policy["egress"]
    assert [port["port"] for port in public["ports"]] == [80, 443, 8443]
    assert {"10.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"} <= set(public["to"][0]["ipBlock"]["except"])
    assert private["to"] == [{"ipBlock": {"cidr": "10.20.0.0/16"}}]


async def test_secrets_are_in_the_secret_alone(kubernetes: World) -> None:
    made = await kubernetes.live()
    encoded = base64.b64encode(TOKEN.encode()).decode()
    holding = [one["kind"] for one in await kubernetes.objects() if encoded in str(one) or TOKEN in str(one)]
    assert holding == ["Secret"]
    configuration = await object_of(kubernetes, "ConfigMap", made.id.replace("_", "-"))
    assert configuration["data"] == {"REGION": "north", "BASE_URL": BASE_URL}


async def test_a_change_of_secrets_alone_replaces_the_pods(kubernetes: World) -> None:
    made = await kubernetes.live()
    pods = {one["metadata"]["name"] for one in await kubernetes.objects() if one["kind"] == "Pod"}
    await kubernetes.start(made)
    assert {one["metadata"]["name"] for one in await kubernetes.objects() if one["kind"] == "Pod"} == pods
    await kubernetes.start(made, token="another-t0ken")
    assert not {one["metadata"]["name"] for one in await kubernetes.objects() if one["kind"] == "Pod"} & pods


async def test_fields_that_somebody_else_took_are_taken_back(kubernetes: World, simulators: Simulators) -> None:
    """Another manager of our fields meets a conflict unless it forces; so do we, and we do."""
    made = await kubernetes.live()
    name = made.id.replace("_", "-")
    path = f"{simulators.kubernetes_url}/apis/apps/v1/namespaces/ccb/deployments/{name}"
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {"replicas": 3}}
    headers = {
        "Authorization": f"Bearer {simulators.config['kubernetes']['token']}",
        "Content-Type": "application/apply-patch+yaml",
    }

    async def apply(force: str) -> httpx.Response:
        query = {"fieldManager": "kubectl", "force": force}
        return await kubernetes.http.patch(path, params=query, headers=headers, json=theirs)

    refused = await apply("false")
    assert (refused.status_code, refused.json()["reason"]) == (409, "Conflict")
    assert refused.json()["details"]["causes"][0] == {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "ccb"',
        "field": ".spec.replicas",
    }
    assert (await apply("true")).json()["spec"]["replicas"] == 3
    await kubernetes.start(made)
    found = await object_of(kubernetes, "Deployment", name)
    assert found["spec"]["replicas"] == 1
    managers = {one["manager"]: one["fieldsV1"] for one in found["metadata"]["managedFields"]}
    assert "f:replicas" in managers["ccb"]["f:spec"]
    assert "kubectl" not in managers


async def test_what_does_not_fit_is_refused(kubernetes: World) -> None:
    made = version()
    files = {**made.files, "large.py": "#" * 1_000_000}
    spec = made.spec.model_copy(update={"content_hash": files_hash(files)})
    with pytest.raises(InvalidInput, match="may have"):
        await kubernetes.target.start(
            spec,
            proofs.proven(files, name=NAME),
            configuration={},
            secrets={"API_TOKEN": SecretStr(TOKEN)},
            heartbeat=len,
        )
