"""The target that the settings name."""

from typing import Protocol

from adapters.docker_target import DockerSettings, DockerTarget
from adapters.kubernetes_target import KubernetesSettings, KubernetesTarget
from adapters.process_target import ProcessTarget, ProcessTargetSettings
from adapters.targets.settings import Kind, TargetSettings
from domain.ports import Target, Verifier

Chosen = ProcessTargetSettings | DockerSettings | KubernetesSettings


class OpenTarget(Target, Protocol):
    """A target with connections to be closed."""

    async def close(self) -> None: ...


def chosen() -> Chosen:
    """The settings of the target that `TargetSettings` names, from the environment."""
    match TargetSettings().target:
        case "process":
            return ProcessTargetSettings()
        case "docker":
            return DockerSettings()
        case "kubernetes":
            return KubernetesSettings()


def kind(settings: Chosen) -> Kind:
    """What the target is called."""
    match settings:
        case ProcessTargetSettings():
            return "process"
        case DockerSettings():
            return "docker"
        case KubernetesSettings():
            return "kubernetes"


def open_target(settings: Chosen, verifier: Verifier | None = None) -> OpenTarget:
    """`verifier` has the keys that bundles are checked with. The runner has its own; the others start none without."""
    match settings:
        case ProcessTargetSettings():
            return ProcessTarget(settings)
        case DockerSettings():
            return DockerTarget(settings, verifier)
        case KubernetesSettings():
            return KubernetesTarget(settings, verifier)
