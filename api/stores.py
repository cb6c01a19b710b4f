"""What the endpoints are given of the database."""

from dataclasses import dataclass

from adapters.database import (
    Database,
    SecretsSettings,
    SqlAudit,
    SqlCheckpoints,
    SqlDeliveries,
    SqlDeployments,
    SqlDeprecations,
    SqlDrift,
    SqlHealth,
    SqlIntegrations,
    SqlKeys,
    SqlLimits,
    SqlLive,
    SqlOrganizations,
    SqlPeople,
    SqlReencryption,
    SqlRepeats,
    SqlRoles,
    SqlRunRecords,
    SqlSecrets,
    SqlTestRuns,
)
from adapters.policy import BudgetSettings
from domain.ports import (
    Checkpoints,
    Deliveries,
    Dependencies,
    Deployments,
    Deprecations,
    DriftBook,
    HealthBook,
    Integrations,
    Keys,
    Limits,
    Live,
    Organizations,
    People,
    Repeats,
    Roles,
    RunRecords,
    TestRuns,
)


@dataclass(frozen=True)
class Stores:
    """Each with a connection of its own from the one pool."""

    integrations: Integrations
    dependencies: Dependencies
    deprecations: Deprecations
    deployments: Deployments
    run_records: RunRecords
    test_runs: TestRuns
    checkpoints: Checkpoints
    live: Live
    health: HealthBook
    drift: DriftBook
    deliveries: Deliveries
    people: People
    keys: Keys
    organizations: Organizations
    roles: Roles
    limits: Limits
    repeats: Repeats
    audit: SqlAudit
    secrets: SqlSecrets
    reencryption: SqlReencryption


def open_stores(database: Database, secrets: SecretsSettings, budget: BudgetSettings) -> Stores:
    """`database` stays the caller's to close."""
    integrations = SqlIntegrations(database)
    return Stores(
        integrations=integrations,
        dependencies=integrations,
        deprecations=SqlDeprecations(database),
        deployments=SqlDeployments(database),
        run_records=SqlRunRecords(database),
        test_runs=SqlTestRuns(database),
        checkpoints=SqlCheckpoints(database),
        live=SqlLive(database),
        health=SqlHealth(database),
        drift=SqlDrift(database),
        deliveries=SqlDeliveries(database),
        people=SqlPeople(database),
        keys=SqlKeys(database),
        organizations=SqlOrganizations(database),
        roles=SqlRoles(database),
        limits=SqlLimits(database, budget.limits()),
        repeats=SqlRepeats(database, secrets),
        audit=SqlAudit(database),
        secrets=SqlSecrets(database, secrets),
        reencryption=SqlReencryption(database, secrets),
    )
