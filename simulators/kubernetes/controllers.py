"""The controllers: Deployments have the pods that they want, what is deleted ends, and gateways take routes."""

import asyncio
import hashlib
import json
from contextlib import suppress
from typing import Any

from simulators.kubernetes.pods import Ages, Behaviour, Logs, advance
from simulators.kubernetes.store import Store, now

Object = dict[str, Any]

TICK_SECONDS = 0.02
_ENDING_SECONDS = 0.05
_HASH = "pod-template-hash"


class Controllers:
    """They begin with the first request: the app hears of no start. `behaviours` are by version."""

    def __init__(self, store: Store) -> None:
        self.logs = Logs()
        self.behaviours: dict[str, Behaviour] = {}
        self._store = store
        self._ages = Ages()
        self._task: asyncio.Task[None] | None = None

    def run(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._forever())

    async def _forever(self) -> None:
        while True:
            changed = self._store.changed
            self._once()
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await changed.wait()
            await asyncio.sleep(0)

    def _once(self) -> None:
        for found in list(self._store.select("deployments")):
            self._deployment(found)
        for found in list(self._store.select("httproutes")):
            self._route(found)

    def _deployment(self, found: Object) -> None:
        space, name = found["metadata"]["namespace"], found["metadata"]["name"]
        pods = [pod for pod in self._store.select("pods", space) if _owned(pod, found)]
        if "deletionTimestamp" in found["metadata"]:
            self._end(found, pods)
            return
        template = found["spec"]["template"]
        digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]
        current = [pod for pod in pods if pod["metadata"]["labels"][_HASH] == digest]
        for number in range(len(current), found["spec"].get("replicas", 1)):
            self._create(found, digest, f"{name}-{digest[:9]}-{number}")
        behaviour = self.behaviours.get(
            template["metadata"]["labels"].get("app.kubernetes.io/version", ""), Behaviour()
        )
        for pod in current:
            age = self._ages.of(pod["metadata"]["uid"])
            status = advance(pod, age, behaviour, self._missing(pod), self.logs)
            self._store.put(("pods", space, pod["metadata"]["name"]), pod | {"status": status})
        ready = [pod for pod in current if _ready(pod)]
        if len(ready) >= found["spec"].get("replicas", 1):
            for pod in pods:
                if pod not in current:
                    self._store.remove(("pods", space, pod["metadata"]["name"]))
        late = self._ages.of(f"{found['metadata']['uid']}/{digest}") > behaviour.deadline
        status = _status(found, pods=len(pods) or len(current), current=current, ready=ready, late=late)
        self._store.put(("deployments", space, name), found | {"status": status})

    def _create(self, owner: Object, digest: str, name: str) -> None:
        template = owner["spec"]["template"]
        metadata = {
            "labels": {**template["metadata"]["labels"], _HASH: digest},
            "annotations": template["metadata"].get("annotations", {}),
            "ownerReferences": [{"kind": "Deployment", "uid": owner["metadata"]["uid"], "controller": True}],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"], "status": {}}
        self._store.put(("pods", owner["metadata"]["namespace"], name), pod)

    def _missing(self, pod: Object) -> list[str]:
        """What the pod reads that is not there."""
        space, spec = pod["metadata"]["namespace"], pod["spec"]
        wanted = [("configmaps", volume["configMap"]["name"]) for volume in spec["volumes"] if "configMap" in volume]
        for container in spec["containers"]:
            for source in container.get("envFrom", []):
                wanted += [("configmaps", source["configMapRef"]["name"])] if "configMapRef" in source else []
                wanted += [("secrets", source["secretRef"]["name"])] if "secretRef" in source else []
        return [f"{kind} {name!r} not found" for kind, name in wanted if not self._store.find((kind, space, name))]

    def _end(self, found: Object, pods: list[Object]) -> None:
        space = found["metadata"]["namespace"]
        if self._ages.of(f"{found['metadata']['uid']}/end") < _ENDING_SECONDS:
            return
        for pod in pods:
            self._store.remove(("pods", space, pod["metadata"]["name"]))
        self._store.remove(("deployments", space, found["metadata"]["name"]))

    def _route(self, found: Object) -> None:
        metadata, spec = found["metadata"], found["spec"]
        backends = [backend["name"] for rule in spec.get("rules", []) for backend in rule.get("backendRefs", [])]
        missing = [name for name in backends if not self._store.find(("services", metadata["namespace"], name))]
        conditions = [
            _condition("Accepted", good=True, reason="Accepted", generation=metadata["generation"]),
            _condition(
                "ResolvedRefs",
                good=not missing,
                reason="BackendNotFound" if missing else "ResolvedRefs",
                generation=metadata["generation"],
                message=f"there is no Service {missing[0]}" if missing else "",
            ),
        ]
        parents = [
            {"parentRef": parent, "controllerName": "simulators.local/gateway", "conditions": conditions}
            for parent in spec.get("parentRefs", [])
        ]
        if _undated(found.get("status", {}).get("parents", [])) != _undated(parents):
            key = ("httproutes", metadata["namespace"], metadata["name"])
            self._store.put(key, found | {"status": {"parents": parents}})


def _owned(pod: Object, owner: Object) -> bool:
    return any(one["uid"] == owner["metadata"]["uid"] for one in pod["metadata"].get("ownerReferences", []))


def _ready(pod: Object) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))


def _status(found: Object, *, pods: int, current: list[Object], ready: list[Object], late: bool) -> Object:
    before = {one["type"]: one for one in found.get("status", {}).get("conditions", [])}
    complete = len(ready) >= found["spec"].get("replicas", 1)
    failed = not complete and (late or before.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded")
    name = found["metadata"]["name"]
    if failed:
        progress = ("False", "ProgressDeadlineExceeded", f'Deployment "{name}" has timed out progressing.')
    elif complete:
        progress = ("True", "NewReplicaSetAvailable", f'Deployment "{name}" has successfully progressed.')
    else:
        progress = ("True", "ReplicaSetUpdated", f'Deployment "{name}" is progressing.')
    available = ("True", "MinimumReplicasAvailable") if complete else ("False", "MinimumReplicasUnavailable")
    return {
        "observedGeneration": found["metadata"]["generation"],
        "replicas": pods,
        "updatedReplicas": len(current),
        "readyReplicas": len(ready),
        "availableReplicas": len(ready),
        "conditions": [_dated("Available", before, *available), _dated("Progressing", before, *progress)],
    }


def _dated(kind: str, before: dict[str, Object], status: str, reason: str, message: str = "") -> Object:
    known = before.get(kind, {})
    since = known["lastTransitionTime"] if known.get("status") == status else now()
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


def _condition(kind: str, *, good: bool, reason: str, generation: int, message: str = "") -> Object:
    return {
        "type": kind,
        "status": "True" if good else "False",
        "reason": reason,
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": now(),
    }


def _undated(parents: list[Object]) -> list[Object]:
    return [
        parent | {"conditions": [one | {"lastTransitionTime": ""} for one in parent["conditions"]]}
        for parent in parents
    ]
