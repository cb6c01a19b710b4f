"""The artifact store that the settings name."""

from adapters.artifacts.files import FileArtifacts
from adapters.artifacts.s3 import S3Artifacts
from adapters.artifacts.settings import ArtifactSettings
from domain.ports import Artifacts


def open_artifacts(settings: ArtifactSettings) -> Artifacts:
    """Files for `file:` URLs, S3 for `s3:` ones. Raises StorageUnavailable if the folder cannot be made."""
    return FileArtifacts(settings.folder) if settings.folder is not None else S3Artifacts(settings)
