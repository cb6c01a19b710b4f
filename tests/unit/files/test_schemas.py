"""The schemas of an integration's files are the ones that they are checked with."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from adapters.validation.syntax.schemas import FOLDER, schemas

ROOT = Path(__file__).parents[3]
GOOD = ROOT / "tests" / "contract" / "sandbox" / "packages" / "good"


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_published_schema_is_the_models(name: str) -> None:
    written = (ROOT / FOLDER / name).read_text()
    assert written == schemas()[name], "run: python -m adapters.validation.syntax.schemas"
    Draft202012Validator.check_schema(json.loads(written))


def test_the_manifests_schema_takes_a_manifest_and_refuses_others() -> None:
    schema = Draft202012Validator(json.loads((ROOT / FOLDER / "integration.schema.json").read_text()))
    good = yaml.safe_load((GOOD / "integration.yaml").read_text())
    assert schema.is_valid(good)
    assert not schema.is_valid({**good, "version": "one"})
    assert not schema.is_valid({**good, "surprise": 1})
    assert not schema.is_valid({key: value for key, value in good.items() if key != "hosts"})
