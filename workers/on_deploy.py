"""The queue `deploy`: bundles and the deployment target. It holds the runner's key and the integrations' secrets."""

from activities.deployments import DeploymentActivities
from adapters.attestation.envelopes import DsseVerifier
from adapters.attestation.settings import VerifyingSettings
from adapters.database import SecretsSettings, SqlSecrets
from adapters.process_target import ProcessTarget, ProcessTargetSettings
from workers.shared import Shared, Step, steps


def activities(shared: Shared) -> list[Step]:
    target = ProcessTarget(ProcessTargetSettings())
    secrets = SqlSecrets(shared.database, SecretsSettings())
    verifier = DsseVerifier(VerifyingSettings().public_keys)
    return steps(DeploymentActivities(target, shared.artifacts, secrets, verifier))
