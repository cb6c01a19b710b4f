"""Looking at a deployment, and waiting for it to change: a watch that goes on from where the look was."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.kubernetes_target import names, statuses
from adapters.kubernetes_target.cluster import Cluster
from adapters.kubernetes_target.objects import DeploymentObject, PodObject, read
from domain.vendors import DeploymentStatus


@dataclass(frozen=True)
class Look:
    """What there was."""

    found: DeploymentObject
    pods: Sequence[PodObject]

    @property
    def settled(self) -> bool:
        """Whether waiting is over: it serves, or it cannot be brought up as it is."""
        return self.status(live=False, url="").state != "starting"

    def status(self, *, live: bool, url: str) -> DeploymentStatus:
        return statuses.status(self.found, self.pods, live=live, url=url)


def deployment(cluster: Cluster, deployment_id: str) -> DeploymentObject | None:
    found = cluster.get("Deployment", names.of(deployment_id))
    return None if found is None else read(DeploymentObject, found)


def look(cluster: Cluster, deployment_id: str) -> Look | None:
    """None if there is no such deployment."""
    found = deployment(cluster, deployment_id)
    return None if found is None else Look(found, pods(cluster, deployment_id))


def pods(cluster: Cluster, deployment_id: str) -> list[PodObject]:
    """Without those on their way out, oldest first."""
    found = [read(PodObject, one) for one in cluster.select("Pod", names.selector(deployment_id))]
    staying = [pod for pod in found if pod.metadata.deletion_timestamp is None]
    return sorted(staying, key=lambda pod: (str(pod.metadata.creation_timestamp), pod.metadata.name))


def wait(cluster: Cluster, deployment_id: str, since: Look, *, seconds: int) -> None:
    """Return at the Deployment's first change after the look, or after `seconds`: its pods may have changed then."""
    cluster.changed("Deployment", names.of(deployment_id), since.found.metadata.resource_version, seconds=seconds)
