#!/bin/sh
# Reads the password of Postgres from the file that a secret is mounted as, then becomes the command. It stands in no
# environment that `docker inspect` shows.
set -eu
if [ -n "${DAGSTER_POSTGRES_PASSWORD_FILE:-}" ]; then
  DAGSTER_POSTGRES_PASSWORD=$(cat "$DAGSTER_POSTGRES_PASSWORD_FILE")
  export DAGSTER_POSTGRES_PASSWORD
fi
exec "$@"
