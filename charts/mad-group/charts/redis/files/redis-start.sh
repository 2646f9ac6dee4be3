#!/bin/sh
# Starts the bus. The password comes from a file ($REDIS_PASSWORD_FILE) or from the environment, and
# goes into a file of its own rather than into arguments, which every process can read.
set -eu
umask 077

manifest=/data/appendonlydir/appendonly.aof.manifest
if [ -f "$manifest" ]; then
  # Redis 7.0 keeps the whole commands of a transaction that a kill tore, does not load them, and runs
  # them at the start after the next one: entries would then be there twice. This cuts it off.
  echo y | redis-check-aof --fix "$manifest"
fi

password=${REDIS_PASSWORD-}
[ -z "${REDIS_PASSWORD_FILE-}" ] || password=$(cat "$REDIS_PASSWORD_FILE")
[ -n "$password" ] || { echo 'REDIS_PASSWORD is empty: the bus does not start without a password.' >&2; exit 1; }
unset REDIS_PASSWORD

secret=$(mktemp /tmp/redis-secret.XXXXXX)
printf 'requirepass "%s"\n' "$(printf %s "$password" | sed 's/[\\"]/\\&/g')" >"$secret"
exec redis-server /etc/mad-redis/redis.conf --include "$secret" "$@"
