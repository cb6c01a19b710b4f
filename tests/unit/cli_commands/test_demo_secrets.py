"""A whole run of an integration that needs a secret: it waits, is given it, serves, and the value stays put."""

import json
from pathlib import Path

import httpx
import pytest

from tests.e2e.demo import Demo

pytestmark = pytest.mark.slow

PARCELS = Path(__file__).parent / "documents" / "parcels.yaml"


async def test_a_secret_is_where_it_is_needed_and_nowhere_else(tmp_path: Path) -> None:
    """Temporal's database, ours, artifacts, logs, the simulators' journal and the stack's files are in one folder."""
    async with Demo.running(tmp_path, "--json", "--keep", "--spec", PARCELS) as demo:
        result = await demo.line()
        assert (result["stage"], result["capability"]["status_code"]) == ("active", 200)
        (environment,) = found(tmp_path, "*/runner/deployments/*/environment.json")
        data_dir = environment.parents[3]
        value = json.loads(environment.read_text())["API_TOKEN"]
        addresses = json.loads((data_dir / "stack.json").read_text())
        key = (data_dir / "operator.key").read_text().strip()
        async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {key}"}) as client:
            listed = await client.get(f"{addresses['api_url']}/api/v1/integrations/{result['integration']}/secrets")
        demo.interrupt()
        ended = await demo.ended()
    assert [(one["name"], one["required"], one["is_set"]) for one in listed.json()] == [("API_TOKEN", True, True)]
    assert "waits for the secrets API_TOKEN" in ended.err
    assert len(value) > 40
    assert value not in listed.text + ended.out + ended.err
    assert environment.stat().st_mode & 0o777 == 0o600
    assert holding(data_dir, value) == [environment]
    # The search finds what is there: the secret's name is in all of these.
    named = {file.relative_to(data_dir).parts[0] for file in holding(data_dir, "API_TOKEN")}
    assert {"temporal.db", "ccb.db", "artifacts", "simulators", "runner"} <= named


def found(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def holding(folder: Path, text: str) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]
