"""Which build a worker is, so that runs go on where code is that fits them.

Without CCB_WORKER_BUILD_ID a worker has no build: it takes all work at once, as on one machine. With one it takes no
work until `ccb workers rollout` makes that build current. Short workflows stay with the build that began them; long
ones move to the current build at their next step, so their changes are versioned with `workflow.patched`.
"""

import dataclasses
import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

from adapters.temporal.rollout import DEPLOYMENT

AUTOMATIC = "auto"
_DEFINITION = "__temporal_workflow_definition"
"""Where the SDK keeps what `workflow.defn` says of a class."""
_HERE = Path(__file__).resolve().parents[1]
_DECIDES = ("workflows", "domain")
"""What decides how a history is replayed."""


def build_id(wanted: str) -> str:
    """`wanted`, or for `auto` the version of the package and a hash of the workflows' source."""
    return f"{version('ccb')}-{_fingerprint()}" if wanted == AUTOMATIC else wanted


def deployment(wanted: str) -> WorkerDeploymentConfig | None:
    """What a worker tells Temporal of its build; None for one without."""
    if not wanted:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id(wanted)),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def offered(workflows: Iterable[type], wanted: str) -> list[type]:
    """The workflows as a worker offers them. One without a build pins none: Temporal would refuse each of its steps."""
    return list(workflows) if wanted else [_unpinned(one) for one in workflows]


def _unpinned(workflow: type) -> type:
    definition: Any = getattr(workflow, _DEFINITION)
    if definition.versioning_behavior in (None, VersioningBehavior.UNSPECIFIED):
        return workflow
    free = type(workflow.__name__, (workflow,), {"__module__": workflow.__module__, "__doc__": workflow.__doc__})
    unpinned = dataclasses.replace(definition, cls=free, versioning_behavior=VersioningBehavior.UNSPECIFIED)
    setattr(free, _DEFINITION, unpinned)
    return free


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for folder in _DECIDES:
        for path in sorted((_HERE / folder).rglob("*.py")):
            digest.update(path.relative_to(_HERE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
