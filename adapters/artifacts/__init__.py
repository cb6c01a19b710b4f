"""Artifacts: files by default, S3 by URL."""

from adapters.artifacts.files import FileArtifacts
from adapters.artifacts.settings import ArtifactSettings
from adapters.artifacts.store import open_artifacts

__all__ = ["ArtifactSettings", "FileArtifacts", "open_artifacts"]
