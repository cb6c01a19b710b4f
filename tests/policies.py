"""What makes sagas cheap that are not about proving: the shipped policy with less to do, environments built once."""

import os
from importlib.resources import files
from pathlib import Path

import yaml

ENVIRONMENTS = "TESTED_ENVIRONMENTS"
"""Names the folder of environments that all processes of a run of the tests share; outside of one there is none."""


def brief(folder: Path) -> dict[str, str]:
    """Write the policy below `folder`; the settings that name it. What blocks stays as it is shipped."""
    policy = yaml.safe_load(files("adapters.policy").joinpath("proving.yaml").read_text("utf-8"))
    policy["mutation"] |= {"sample": 2, "minimum": 0.0}
    # How busy the machine is that runs the tests is no finding about an integration.
    policy["measures"] |= {"requests": 4, "health_p95_ms": 10_000.0, "route_p95_ms": 10_000.0}
    file = folder / "brief-policy.yaml"
    file.write_text(yaml.safe_dump(policy))
    return {"CCB_POLICY_FILE": str(file)}


def environments() -> dict[str, str]:
    """The settings of a stack whose environments need not be its own: to build them takes 20 s of a processor."""
    shared = os.environ.get(ENVIRONMENTS)
    return {} if shared is None else {"CCB_WORKER_ENVIRONMENTS_DIR": shared}
