"""The database: SQLite by default, PostgreSQL by URL. Migrations are apart, in `migrate`: few processes need them."""

from adapters.database.books import SqlBooks
from adapters.database.deliveries import SqlDeliveries
from adapters.database.engine import Database
from adapters.database.gates import SqlGate
from adapters.database.integrations import SqlIntegrations
from adapters.database.limits import SqlLimits
from adapters.database.live import SqlLive
from adapters.database.outbox import SqlOutbox
from adapters.database.people import SqlPeople
from adapters.database.secrets import SqlSecrets
from adapters.database.settings import DatabaseSettings, SecretsSettings

__all__ = [
    "Database",
    "DatabaseSettings",
    "SecretsSettings",
    "SqlBooks",
    "SqlDeliveries",
    "SqlGate",
    "SqlIntegrations",
    "SqlLimits",
    "SqlLive",
    "SqlOutbox",
    "SqlPeople",
    "SqlSecrets",
]
