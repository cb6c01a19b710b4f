"""The database: SQLite by default, PostgreSQL by URL. Migrations are apart, in `migrate`: few processes need them."""

from adapters.database.books import SqlBooks
from adapters.database.checkpoints import SqlCheckpoints
from adapters.database.deliveries import SqlDeliveries
from adapters.database.deployments import SqlDeployments
from adapters.database.deprecations import SqlDeprecations
from adapters.database.drift import SqlDrift
from adapters.database.engine import Database
from adapters.database.gates import SqlGate
from adapters.database.health import SqlHealth
from adapters.database.integrations import SqlIntegrations
from adapters.database.limits import SqlLimits
from adapters.database.live import SqlLive
from adapters.database.outbox import SqlOutbox
from adapters.database.people import SqlPeople
from adapters.database.secrets import SqlSecrets
from adapters.database.settings import DatabaseSettings, SecretsSettings
from adapters.database.tests import SqlTestRuns

__all__ = [
    "Database",
    "DatabaseSettings",
    "SecretsSettings",
    "SqlBooks",
    "SqlCheckpoints",
    "SqlDeliveries",
    "SqlDeployments",
    "SqlDeprecations",
    "SqlDrift",
    "SqlGate",
    "SqlHealth",
    "SqlIntegrations",
    "SqlLimits",
    "SqlLive",
    "SqlOutbox",
    "SqlPeople",
    "SqlSecrets",
    "SqlTestRuns",
]
