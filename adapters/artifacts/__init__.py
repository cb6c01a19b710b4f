"""Artifacts: files by default, S3 by URL."""

from adapters.artifacts.files import FileArtifacts
from adapters.artifacts.s3 import S3Artifacts
from adapters.artifacts.settings import ArtifactSettings
from adapters.artifacts.store import open_artifacts

__all__ = ["ArtifactSettings", "FileArtifacts", "S3Artifacts", "open_artifacts"]
