"""Files that a command is given."""

from pathlib import Path

from cli.errors import BadInput

_LARGEST = 25_000_000


def read(file: Path) -> bytes:
    """The file's bytes, or a sentence why not."""
    try:
        if file.is_file() and file.stat().st_size > _LARGEST:
            raise BadInput(f"{file} is larger than {_LARGEST // 1_000_000} MB.", code="document_too_large")
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput(f"{file} cannot be read: {reason}.", code="unreadable_file") from error
