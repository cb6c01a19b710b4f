"""The deployment target `kubernetes`: versions as Deployments of one namespace, stable URLs as routes of a Gateway."""

from adapters.kubernetes_target.settings import KubernetesSettings
from adapters.kubernetes_target.target import KubernetesTarget

__all__ = ["KubernetesSettings", "KubernetesTarget"]
