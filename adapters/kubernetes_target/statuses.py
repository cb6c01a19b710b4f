"""What a Deployment and its pods say of a deployment."""

from collections.abc import Sequence

from adapters.kubernetes_target import names
from adapters.kubernetes_target.objects import ContainerStatus, DeploymentObject, PodObject
from domain.vendors import DeploymentState, DeploymentStatus

# Reasons of a waiting container (kubelet, "pkg/kubelet/container" and "images"): it will be tried again, ever later.
_BACKING_OFF = {
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
}


def status(found: DeploymentObject, pods: Sequence[PodObject], *, live: bool, url: str) -> DeploymentStatus:
    """`healthy` is what the kubelets' probes of its own health check say."""
    state, why = _state(found, pods)
    healthy = state == "running"
    available = found.condition("Available")
    return DeploymentStatus(
        id=found.metadata.labels[names.DEPLOYMENT],
        name=found.metadata.labels[names.NAME],
        version=found.metadata.annotations.get(names.VERSION) or found.metadata.labels[names.VERSION],
        state=state,
        healthy=healthy,
        live=live,
        url=url,
        restarts=sum(container.restart_count for pod in pods for container in pod.containers),
        since=(available and available.last_transition_time) or found.metadata.creation_timestamp,
        detail="" if healthy else why,
    )


def _state(found: DeploymentObject, pods: Sequence[PodObject]) -> tuple[DeploymentState, str]:
    if found.metadata.deletion_timestamp is not None:
        return "stopped", "it is being deleted"
    failing = next((words for pod in pods for one in pod.containers if (words := _failing(one))), "")
    progressing = found.condition("Progressing")
    replicas = found.condition("ReplicaFailure")
    observed = found.status.observed_generation >= found.metadata.generation
    if observed and progressing and progressing.reason == "ProgressDeadlineExceeded":
        return "failed", "\n".join(filter(None, [progressing.message, failing]))
    if observed and found.complete:
        return "running", ""
    if failing:
        return "backing_off", failing
    if observed and replicas and replicas.status == "True":
        return "backing_off", replicas.message
    return "starting", (progressing.message if progressing else "") or "no pod is there yet"


def _failing(container: ContainerStatus) -> str:
    """Why the container does not run, if it will only be tried again later."""
    waiting = container.state.waiting
    if waiting is None or waiting.reason not in _BACKING_OFF:
        return ""
    ended = container.last_state.terminated
    code = f"; it ended with exit code {ended.exit_code}" if ended else ""
    return f"{container.name}: {waiting.reason}{code} {waiting.message}".strip()
