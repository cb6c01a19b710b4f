"""The deployment target `docker`: versions as containers of one Docker host, behind a front of its own."""

from adapters.docker_target.settings import DockerSettings
from adapters.docker_target.target import DockerTarget

__all__ = ["DockerSettings", "DockerTarget"]
