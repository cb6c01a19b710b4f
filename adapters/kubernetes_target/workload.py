"""Applying and deleting all objects of a deployment. Synchronous."""

import time

from adapters.kubernetes_target import manifests, names, network, routes
from adapters.kubernetes_target.cluster import Cluster
from adapters.kubernetes_target.settings import KubernetesSettings
from adapters.workloads import Environment
from domain.bundle import Bundle
from domain.errors import Corrupted, VendorUnavailable
from domain.vendors import DeploymentSpec

DELETE_SECONDS = 75.0
"""A pod has 35 to end in (`manifests.deployment`); then the collector must find that it did."""
_POLL_SECONDS = 2


def apply(
    cluster: Cluster, settings: KubernetesSettings, spec: DeploymentSpec, bundle: Bundle, environment: Environment
) -> None:
    """Who may talk to it first, then what it reads, then the pods, then the ways to them.

    Repeated: changes nothing; with other settings, pods are replaced by such that have them. Raises Corrupted if the
    cluster holds something else than was applied.
    """
    read = {
        "configuration": manifests.configuration(spec, environment),
        "secrets": manifests.secret(spec, environment),
        "source": manifests.source(spec, bundle),
    }
    cluster.apply(network.network_policy(spec, settings))
    versions = {}
    for kind, manifest in read.items():
        found = cluster.apply(manifest)
        if (found.get("data") or {}) != manifest["data"]:
            raise Corrupted(f"The {manifest['kind']} {manifest['metadata']['name']} is not what was applied.")
        versions[kind] = str(found["metadata"]["resourceVersion"])
    cluster.apply(manifests.service(spec))
    cluster.apply(routes.direct(spec, settings))
    cluster.apply(manifests.deployment(spec, bundle, settings, versions=versions))


def delete(cluster: Cluster, deployment_id: str) -> None:
    """The pods first, which end what is under way; nothing is left. Repeated: goes on.

    Raises VendorUnavailable if the cluster takes longer than `DELETE_SECONDS`.
    """
    name = names.of(deployment_id)
    cluster.delete("Deployment", name)
    until = time.monotonic() + DELETE_SECONDS
    while (found := cluster.get("Deployment", name)) is not None:
        if time.monotonic() > until:
            raise VendorUnavailable(f"Kubernetes has not deleted {name} yet.", vendor="kubernetes")
        cluster.changed("Deployment", name, str(found["metadata"]["resourceVersion"]), seconds=_POLL_SECONDS)
    for kind in names.WORKLOAD:
        cluster.delete(kind, name)
    cluster.delete("ConfigMap", names.source_of(deployment_id))
    for kind, one in [*((kind, name) for kind in names.WORKLOAD), ("ConfigMap", names.source_of(deployment_id))]:
        if cluster.get(kind, one) is not None:
            raise VendorUnavailable(f"Kubernetes has not deleted the {kind} {one} yet.", vendor="kubernetes")
