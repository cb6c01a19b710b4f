"""The artifact store that the settings name."""

from adapters.artifacts.files import FileArtifacts
from adapters.artifacts.settings import ArtifactSettings
from domain.ports import Artifacts


def open_artifacts(settings: ArtifactSettings) -> Artifacts:
    """Files for `file:` URLs, S3 for `s3:` ones. Raises StorageUnavailable if the folder cannot be made."""
    if settings.folder is not None:
        return FileArtifacts(settings.folder)
    from adapters.artifacts.s3 import S3Artifacts  # noqa: PLC0415 - only who uses S3 pays for importing its SDK

    return S3Artifacts(settings)
