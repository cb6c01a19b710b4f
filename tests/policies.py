"""The shipped policy with less to do, for tests of sagas: they are not about mutants or latencies, and run dozens."""

from importlib.resources import files
from pathlib import Path

import yaml


def brief(folder: Path) -> dict[str, str]:
    """Write the policy below `folder`; the environment that names it. What blocks stays as it is shipped."""
    policy = yaml.safe_load(files("adapters.policy").joinpath("proving.yaml").read_text("utf-8"))
    policy["mutation"] |= {"sample": 2, "minimum": 0.0}
    policy["measures"] |= {"requests": 4}
    file = folder / "brief-policy.yaml"
    file.write_text(yaml.safe_dump(policy))
    return {"CCB_POLICY_FILE": str(file)}
