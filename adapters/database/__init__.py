"""The database: SQLite by default, PostgreSQL by URL. Migrations are apart, in `migrate`: few processes need them."""

from adapters.database.audits import SqlAudit
from adapters.database.books import SqlBooks
from adapters.database.checkpoints import SqlCheckpoints
from adapters.database.deliveries import SqlDeliveries
from adapters.database.deployments import SqlDeployments
from adapters.database.deprecations import SqlDeprecations
from adapters.database.drift import SqlDrift
from adapters.database.engine import Database
from adapters.database.federation import SqlIdentities, SqlPasskeys
from adapters.database.federation_once import SqlDeviceGrants, SqlOneTime
from adapters.database.gates import SqlGate
from adapters.database.health import SqlHealth
from adapters.database.installations import SqlInstallations
from adapters.database.integrations import SqlIntegrations
from adapters.database.keys import SqlKeys
from adapters.database.limits import SqlLimits
from adapters.database.live import SqlLive
from adapters.database.logins import SqlLogins
from adapters.database.logins_factors import SqlFactors
from adapters.database.logins_sessions import SqlSessions
from adapters.database.organizations import SqlOrganizations
from adapters.database.outbox import SqlOutbox
from adapters.database.people import SqlPeople
from adapters.database.reencryption import Reencrypted, SqlReencryption
from adapters.database.repeats import SqlRepeats
from adapters.database.roles import SqlRoles
from adapters.database.run_records import SqlRunRecords
from adapters.database.secrets import SqlSecrets
from adapters.database.settings import DatabaseSettings, SecretsSettings
from adapters.database.tests import SqlTestRuns

__all__ = [
    "Database",
    "DatabaseSettings",
    "Reencrypted",
    "SecretsSettings",
    "SqlAudit",
    "SqlBooks",
    "SqlCheckpoints",
    "SqlDeliveries",
    "SqlDeployments",
    "SqlDeprecations",
    "SqlDeviceGrants",
    "SqlDrift",
    "SqlFactors",
    "SqlGate",
    "SqlHealth",
    "SqlIdentities",
    "SqlInstallations",
    "SqlIntegrations",
    "SqlKeys",
    "SqlLimits",
    "SqlLive",
    "SqlLogins",
    "SqlOneTime",
    "SqlOrganizations",
    "SqlOutbox",
    "SqlPasskeys",
    "SqlPeople",
    "SqlReencryption",
    "SqlRepeats",
    "SqlRoles",
    "SqlRunRecords",
    "SqlSecrets",
    "SqlSessions",
    "SqlTestRuns",
]
