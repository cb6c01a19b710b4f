#!/bin/sh
# Run once by the PostgreSQL image, on an empty volume: a database and an owner for ccb, and for Temporal.
# The passwords come from the environment by \getenv, so they stand on no command line.
set -eu

psql --set=ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv ccb_password POSTGRES_CCB_PASSWORD
\getenv temporal_password POSTGRES_TEMPORAL_PASSWORD
CREATE ROLE ccb LOGIN PASSWORD :'ccb_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE ccb OWNER ccb;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE ccb, temporal, temporal_visibility FROM PUBLIC;
SQL
