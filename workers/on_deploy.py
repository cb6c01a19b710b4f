"""The queue `deploy`: bundles and the deployment target. It holds the runner's key and the integrations' secrets."""

from activities.deployments import DeploymentActivities
from activities.health import HealthActivities
from activities.retirement import RetirementActivities
from activities.testing import LiveActivities
from adapters.attestation.envelopes import DsseVerifier
from adapters.attestation.settings import VerifyingSettings
from adapters.database import SecretsSettings, SqlDeployments, SqlDeprecations, SqlHealth, SqlIntegrations, SqlSecrets
from adapters.targets import chosen, kind, open_target
from adapters.testing import HttpLiveCalls
from adapters.watching import HealthSettings, HttpProber
from workers.shared import Shared, Step, steps


def activities(shared: Shared) -> list[Step]:
    secrets = SqlSecrets(shared.database, SecretsSettings())
    verifier = DsseVerifier(VerifyingSettings().public_keys)
    settings = chosen()
    target = open_target(settings, verifier)
    deployments = SqlDeployments(shared.database)
    integrations = SqlIntegrations(shared.database)
    watching = HealthSettings()
    return steps(
        HealthActivities(
            SqlHealth(shared.database), HttpProber(), target, policy=watching.policy(), kept=watching.kept
        ),
        DeploymentActivities(target, shared.artifacts, secrets, verifier, deployments, kind=kind(settings)),
        RetirementActivities(
            target, shared.artifacts, secrets, integrations, integrations, deployments, SqlDeprecations(shared.database)
        ),
        LiveActivities(HttpLiveCalls(), shared.artifacts),
    )
