"""Who may talk to a deployment, and whom it may talk to.

A NetworkPolicy knows addresses and no names: what is allowed here is wider than the manifest's hosts. It is every
public address, on the ports that the manifest's hosts have; nothing private but what the operator allows.
"""

from typing import Any

from adapters.kubernetes_target import names
from adapters.kubernetes_target.settings import KubernetesSettings
from domain.vendors import DeploymentSpec

# The IANA special-purpose address registries, and multicast.
NOT_PUBLIC = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4"),
)
PUBLIC_6 = "2000::/3"
# Those that carry another address within, benchmarking and documentation.
NOT_PUBLIC_6 = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
DEFAULT_PORTS = (80, 443)
_DNS = 53


def network_policy(spec: DeploymentSpec, settings: KubernetesSettings) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": names.metadata(spec, names.of(spec.id)),
        "spec": {
            "podSelector": {"matchLabels": {names.DEPLOYMENT: spec.id}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [_namespace(settings.proxies_namespace)], "ports": [{"port": "http", "protocol": "TCP"}]}
            ],
            "egress": [
                {
                    "to": [_namespace("kube-system")],
                    "ports": [{"port": _DNS, "protocol": protocol} for protocol in ("UDP", "TCP")],
                },
                {
                    "to": [
                        {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(NOT_PUBLIC)}},
                        {"ipBlock": {"cidr": PUBLIC_6, "except": list(NOT_PUBLIC_6)}},
                    ],
                    "ports": [{"port": port, "protocol": "TCP"} for port in _ports(spec)],
                },
                *({"to": [{"ipBlock": {"cidr": network}}]} for network in settings.networks),
            ],
        },
    }


def _ports(spec: DeploymentSpec) -> list[int]:
    """Of the manifest's hosts; 443 always, for the wheels."""
    found = {443}
    for host in spec.hosts:
        _, _, port = host.partition(":")
        found.update([int(port)] if port else DEFAULT_PORTS)
    return sorted(found)


def _namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
