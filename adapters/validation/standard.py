"""The standard validators: the one place that lists them."""

from adapters.osv import Osv
from adapters.packages import Packages
from adapters.sandbox.environments import Environments
from adapters.sandbox.settings import SandboxSettings
from adapters.validation.compliance.validator import Compliance
from adapters.validation.engine import Validation
from adapters.validation.mutation import Mutants
from adapters.validation.performance import Performance
from adapters.validation.security.validator import Security
from adapters.validation.security.vulnerabilities import Vulnerabilities
from adapters.validation.syntax.validator import Syntax
from adapters.validation.typed import Types
from adapters.validation.validator import Validator
from adapters.validation.weakening import Weakening
from domain.ports import Artifacts
from domain.proving import ProvingPolicy


def validators(policy: ProvingPolicy, osv: Osv) -> list[Validator]:
    """In the order they are started: the longest first, so that the others fill what it leaves of the processors."""
    return [
        Performance(policy.measures),
        Types(),
        Security(),
        Vulnerabilities(osv),
        Compliance(policy),
        Weakening(),
        Syntax(),
    ]


def standard(
    artifacts: Artifacts,
    environments: Environments,
    packages: Packages,
    policy: ProvingPolicy,
    osv: Osv,
    *,
    settings: SandboxSettings | None = None,
) -> Validation:
    """All kinds of validation, as the builders do it."""
    return Validation(
        artifacts,
        environments,
        packages,
        validators(policy, osv),
        policy,
        mutants=Mutants(policy.mutation),
        settings=settings,
    )
