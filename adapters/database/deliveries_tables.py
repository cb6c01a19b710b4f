"""Where the GitHub App is installed: what its webhooks told us, the last word of each kept."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from adapters.database.tables import Moment, metadata

# Numbers are the vendor's; SQLite would make its own where a primary key is INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")

installations = Table(
    "installations",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=False),
    Column("account", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    Column("changed_at", Moment, nullable=False),
)

# `repository` in lower case. One that was taken out stays, so that work for it can say so.
installed_repositories = Table(
    "installed_repositories",
    metadata,
    Column("repository", String(255), primary_key=True),
    Column("installation_id", _Number, primary_key=True, autoincrement=False),
    Column("state", String(20), nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("ix_installed_repositories_installation_id", "installation_id"),
)
