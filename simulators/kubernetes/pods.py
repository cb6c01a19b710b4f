"""What becomes of a pod: nothing runs, its states and its log are made up. A second here is some hundredths of one."""

import time
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]

STEP_SECONDS = 0.03
"""From created to installing, and from installing to running."""
CRASH_SECONDS = 0.05
"""Between two crashes."""


class Behaviour:
    """What a version's pods do wrong, by the label `app.kubernetes.io/version`.

    `crash`: the container ends with code 1; `unready`: its probes never succeed; `image`: there is no such image;
    `install`: the init container fails. `deadline` is when the rollout counts as failed, in seconds of the simulator.
    """

    def __init__(self, kind: str = "", deadline: float = 1.0) -> None:
        self.kind = kind
        self.deadline = deadline


class Logs:
    """Lines by pod and container; in memory."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], list[tuple[datetime, str]]] = {}

    def say(self, pod: str, container: str, text: str) -> None:
        self._lines.setdefault((pod, container), []).append((datetime.now(UTC), text))

    def read(self, pod: str, container: str, *, tail: int | None, since: datetime | None) -> str:
        found = self._lines.get((pod, container), [])
        found = [(at, text) for at, text in found if since is None or at >= since]
        found = found if tail is None else found[-tail:] if tail else []
        return "".join(f"{at.strftime('%Y-%m-%dT%H:%M:%S.%f')}789Z {text}\n" for at, text in found)


class Ages:
    """How long ago each was seen first."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def of(self, uid: str) -> float:
        return time.monotonic() - self._since.setdefault(uid, time.monotonic())


def advance(pod: Object, age: float, behaviour: Behaviour, missing: list[str], logs: Logs) -> Object:
    """The pod's status at that age; writes its log as it goes."""
    name = pod["metadata"]["name"]
    before = pod.get("status", {})
    spec = pod["spec"]
    inits = [one["name"] for one in spec.get("initContainers", [])]
    mains = [one["name"] for one in spec["containers"]]
    if behaviour.kind == "image":
        image = spec["containers"][0]["image"]
        waiting = {"reason": "ErrImagePull", "message": f'failed to pull image "{image}": not found'}
        return _status("Pending", [_waiting(one, **waiting) for one in inits], [_waiting(one) for one in mains])
    if missing:
        waiting = {"reason": "CreateContainerConfigError", "message": ", ".join(missing)}
        return _status("Pending", [_ended(one, 0) for one in inits], [_waiting(one, **waiting) for one in mains])
    if age < STEP_SECONDS:
        return _status("Pending", [_waiting(one) for one in inits], [_waiting(one) for one in mains])
    if age < 2 * STEP_SECONDS:
        return _status("Pending", [_running(one) for one in inits], [_waiting(one) for one in mains])
    crashes = int((age - 2 * STEP_SECONDS) / CRASH_SECONDS)
    known = sum(one["restartCount"] for key in _CONTAINERS for one in before.get(key, []))
    if behaviour.kind == "install":
        if crashes > known:
            logs.say(name, inits[0], "error: no wheel has the hash that the lock demands")
        return _status("Pending", [_crashing(one, crashes) for one in inits], [_waiting(one) for one in mains])
    if not any("running" in one["state"] for one in before.get("containerStatuses", [])) and not known:
        logs.say(name, inits[0] if inits else mains[0], "Installed 12 packages")
        logs.say(name, mains[0], "INFO:     Uvicorn running on http://0.0.0.0:8080")
    if behaviour.kind == "crash":
        if crashes > known:
            logs.say(name, mains[0], "ModuleNotFoundError: No module named 'nowhere'")
        return _status("Running", [_ended(one, 0) for one in inits], [_crashing(one, crashes) for one in mains])
    ready = behaviour.kind != "unready"
    return _status(
        "Running", [_ended(one, 0) for one in inits], [_running(one, ready=ready) for one in mains], ready=ready
    )


_CONTAINERS = ("initContainerStatuses", "containerStatuses")


def _status(phase: str, inits: list[Object], mains: list[Object], *, ready: bool = False) -> Object:
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    return {
        "phase": phase,
        "conditions": [condition],
        "initContainerStatuses": inits,
        "containerStatuses": mains,
    }


def _container(
    name: str, state: Object, *, ready: bool = False, restarts: int = 0, last: Object | None = None
) -> Object:
    return {
        "name": name,
        "ready": ready,
        "restartCount": restarts,
        "state": state,
        "lastState": last or {},
        "image": "",
        "imageID": "",
    }


def _waiting(name: str, *, reason: str = "PodInitializing", message: str = "") -> Object:
    return _container(name, {"waiting": {"reason": reason, "message": message}})


def _running(name: str, *, ready: bool = False) -> Object:
    return _container(name, {"running": {}}, ready=ready)


def _ended(name: str, code: int) -> Object:
    return _container(name, {"terminated": {"exitCode": code, "reason": "Completed"}}, ready=True)


def _crashing(name: str, crashes: int) -> Object:
    if not crashes:
        return _running(name)
    words = f"back-off restarting failed container {name}"
    last = {"terminated": {"exitCode": 1, "reason": "Error"}}
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": words}}
    return _container(name, state, restarts=min(crashes, 5), last=last)
