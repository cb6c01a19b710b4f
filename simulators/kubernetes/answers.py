"""What the API server answers when it refuses."""

from typing import Any


class Refused(Exception):
    """A `Status` object (Kubernetes API conventions, "Response Status Kind")."""

    def __init__(self, status: int, reason: str, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details or {},
            "code": status,
        }


def not_found(resource: str, name: str) -> Refused:
    return Refused(404, "NotFound", f'{resource} "{name}" not found', details={"name": name, "kind": resource})


def conflict(resource: str, name: str) -> Refused:
    return Refused(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {resource} "{name}": the object has been modified; please apply your changes'
        " to the latest version and try again",
        details={"name": name, "kind": resource},
    )


def invalid(kind: str, name: str, field: str, message: str) -> Refused:
    return Refused(
        422,
        "Invalid",
        f'{kind} "{name}" is invalid: {field}: {message}',
        details={"name": name, "kind": kind, "causes": [{"field": field, "message": message}]},
    )
