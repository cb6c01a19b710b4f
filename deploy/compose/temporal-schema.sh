#!/bin/sh
# Temporal's tables, brought to the version of its server; safe to run at every start.
# SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD come from the environment.
set -eu

schema() {
    # `setup-schema` makes the table of versions, and refuses where it is: then there is nothing for it to do.
    temporal-sql-tool --database "$1" setup-schema --version 0.0 > /dev/null 2>&1 || true
    temporal-sql-tool --database "$1" update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

schema temporal temporal
schema temporal_visibility visibility
