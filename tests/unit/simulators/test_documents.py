"""From a request to an integration that is clean and works, for real and for nasty documents."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.plan import Plan
from tests.unit.simulators.conftest import Temporal
from tests.unit.simulators.executor import Executor, Run

NASTY = """Everything nasty
`GET /v1/trees/{tree.id}/nodes`, `POST /v1/trees/{tree.id}/nodes`, `DELETE /v1/trees/{tree.id}/nodes/{class}`,
`PUT /v1/trees/{tree.id}/nodes/{class}`, `GET /v1/files/{id}:raw`, `POST /v1/files/{id}:raw` and `GET /health`"""
MODERN = """Everything modern
GET /users/{id}/friends/{id}, GET /users/me, GET /users/{name}, GET /users, POST /users, PATCH /users
and GET /search?kind=user#fragment"""
TEMPORAL = """Temporal namespaces and workflows
We need a small service that lists the namespaces, lists the workflow executions of the namespace "default"
and describes one workflow execution."""

Build = Callable[[dict[str, Any] | str], Executor]


def planned(run: Run) -> Plan:
    assert run.ending is not None
    assert run.ending[0] == "submit_plan", run.ending
    return Plan.model_validate(run.ending[1])


def written(executor: Executor, plan: Plan, wish: str = "") -> Run:
    """Generate, and see that the first writing was clean and tested."""
    run = executor.generate(plan, wish)
    assert run.ending is not None
    assert run.ending[0] == "finish"
    outcomes = [answer for name, _, answer, _ in run.calls if name in ("run_checks", "run_tests")]
    assert outcomes[0] == "Clean: no findings."
    assert " 0 failed" in outcomes[1]
    assert len(outcomes) == 2
    return run


def health(executor: Executor, plan: Plan) -> str:
    script = (
        f"from fastapi.testclient import TestClient\nfrom {plan.package}.app import app\n"
        "with TestClient(app) as client:\n    print(client.get('/health').text)"
    )
    return executor.python("-c", script).stdout.strip()


@pytest.mark.parametrize(("document", "wish", "count"), [("nasty.yaml", NASTY, 7), ("modern.yaml", MODERN, 7)])
def test_nasty_documents_become_clean_integrations(executor: Build, document: str, wish: str, count: int) -> None:
    play = executor(document)
    plan = planned(play.analyse(wish))
    assert len(plan.capabilities) == count
    written(play, plan)
    assert health(play, plan) == f'{{"status":"ok","name":"{plan.name}","version":"0.1.0"}}'


def test_nothing_of_a_document_becomes_code(executor: Build, tmp_path_factory: pytest.TempPathFactory) -> None:
    marker = tmp_path_factory.mktemp("marker") / "pwned"
    attack = f'x"""\n\'\'\'\\"; open({str(marker)!r}, "w") #{{open({str(marker)!r}, "w")}}\n# mypy: ignore-errors\n'
    schema = {
        "description": attack,
        "required": [attack],
        "properties": {attack: {"type": "string", "enum": [attack], "description": attack}},
    }
    answer = {"description": attack, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/S"}}}}
    place = {"schema": {"type": "string", "enum": [attack]}, "description": attack}
    document = {
        "openapi": "3.0.0",
        "info": {"title": attack, "version": attack},
        "paths": {
            f"/things/{attack.splitlines()[0]}": {
                "get": {
                    "operationId": f"list {attack}",
                    "summary": attack,
                    "parameters": [
                        {"name": attack, "in": "query", **place},
                        {"name": f"{attack}h", "in": "header", **place},
                    ],
                    "security": [{attack: []}],
                    "responses": {"200": answer},
                }
            }
        },
        "components": {
            "schemas": {"S": schema},
            "securitySchemes": {attack: {"type": "apiKey", "in": "query", "name": attack}},
        },
    }
    play = executor(document)
    plan = planned(play.analyse("Things\nList the things."))
    written(play, plan)
    health(play, plan)
    assert not marker.exists()


def test_temporals_own_document_gives_a_service_with_real_answers(
    executor: Build, temporal: Temporal, served: Callable[[str, str], Callable[[str], Any]]
) -> None:
    play = executor(temporal.document)
    run = play.analyse(TEMPORAL, base_url=temporal.base_url, name="temporal-namespaces")
    plan = planned(run)
    assert plan.name == "temporal-namespaces"
    assert [(c.name, c.operation.path, c.example) for c in plan.capabilities] == [
        ("namespaces.list", "/api/v1/namespaces", "/namespaces"),
        ("workflows.list", "/api/v1/namespaces/{namespace}/workflows", "/namespaces/default/workflows"),
        ("workflows.describe", "/api/v1/namespaces/{namespace}/workflows/{execution.workflow_id}", None),
    ]
    assert plan.hosts == [temporal.base_url.removeprefix("http://")]
    assert plan.secrets == []
    assert run.turns == 3
    assert written(play, plan).turns <= 10
    get = served(plan.package, temporal.base_url)
    names = [one["namespaceInfo"]["name"] for one in get("/namespaces?page_size=50")["namespaces"]]
    assert "default" in names
    assert isinstance(get("/namespaces/default/workflows"), dict)
