"""`CCB_DEPLOY_TARGET` chooses, and only the chosen one's settings are required."""

import pytest
from pydantic import ValidationError

from adapters.docker_target import DockerTarget
from adapters.kubernetes_target import KubernetesTarget
from adapters.process_target import ProcessTarget
from adapters.targets import chosen, kind, open_target

REQUIRED = {
    "process": {"CCB_RUNNER_KEY": "a-key-of-sixteen-characters"},
    "docker": {"CCB_DOCKER_IMAGE": "python-uv:3.11", "CCB_DOCKER_FRONT_IMAGE": "ccb:1"},
    "kubernetes": {
        "CCB_KUBERNETES_IMAGE": "python-uv:3.11",
        "CCB_KUBERNETES_URL": "http://127.0.0.1:1",
        "CCB_KUBERNETES_GATEWAY": "gateways/public",
        "CCB_KUBERNETES_PUBLIC_URL": "https://integrations.example.com",
    },
}
CLASSES = {"process": ProcessTarget, "docker": DockerTarget, "kubernetes": KubernetesTarget}


@pytest.mark.parametrize("name", sorted(CLASSES))
async def test_the_target_is_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable in (variable for one in REQUIRED.values() for variable in one):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("CCB_DEPLOY_TARGET", name)
    with pytest.raises(ValidationError):
        chosen()
    for variable, value in REQUIRED[name].items():
        monkeypatch.setenv(variable, value)
    settings = chosen()
    assert kind(settings) == name
    target = open_target(settings)
    assert type(target) is CLASSES[name]
    await target.close()


def test_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCB_DEPLOY_TARGET", "mainframe")
    with pytest.raises(ValidationError):
        chosen()
