"""What Docker answered, or did not, in our errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import APIError, DockerException  # type: ignore[import-untyped]
from requests.exceptions import ConnectTimeout, RequestException
from urllib3.exceptions import NewConnectionError

from domain.errors import VendorError, VendorOutcomeUnknown, VendorRejected, VendorUnavailable

VENDOR = "docker"


@contextmanager
def translated(*, changes: bool) -> Iterator[None]:
    """Turn what docker-py raises into ours; `changes` says that a lost answer may have been carried out."""
    unknown = VendorOutcomeUnknown if changes else VendorUnavailable
    try:
        yield
    except APIError as error:
        status, words = error.status_code or 0, f"Docker: {error.explanation or error}"
        if status == 409:
            # Somebody made, changed or removes it just now: the next try looks anew.
            raise VendorUnavailable(words, vendor=VENDOR) from error
        if status >= 500:
            raise unknown(words, vendor=VENDOR) from error
        raise VendorRejected(words, vendor=VENDOR, status=status) from error
    except RequestException as error:
        if isinstance(error, ConnectTimeout) or _never_connected(error):
            raise VendorUnavailable(f"Docker cannot be reached: {error}.", vendor=VENDOR) from error
        raise unknown(f"Docker did not answer: {error}.", vendor=VENDOR) from error
    except DockerException as error:
        raise VendorError(f"Docker cannot be talked to: {error}.", vendor=VENDOR) from error


def _never_connected(error: BaseException) -> bool:
    """Whether the socket is not there or refuses, which requests tells by what it was raised from."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, NewConnectionError | ConnectionRefusedError | FileNotFoundError):
            return True
        reason = getattr(at, "reason", None) or next((one for one in at.args if isinstance(one, BaseException)), None)
        at = reason if isinstance(reason, BaseException) else at.__cause__
    return False
