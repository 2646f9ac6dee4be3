#!/bin/sh
# Starts the bus. The password comes from a file ($REDIS_PASSWORD_FILE) or from the environment, and
# goes into a file of its own rather than into arguments, which every process can read.
set -eu
umask 077

folder=${REDIS_DATA:-/data}/appendonlydir
manifest=$folder/appendonly.aof.manifest

# torn REPORT: whether redis-check-aof found no more than an end that was not written whole, as a kill
# or a loss of power leaves it: a transaction, a command or its length cut off, or nothing but zeros.
torn() {
  case $1 in
  *'Reached EOF'* | *'got: 0000'*) return 0 ;;
  # No field is longer: a larger number is a damaged length.
  *'Expected to read '*) [ "$(printf %s "$1" | sed -n 's/.*Expected to read \([0-9]*\) bytes.*/\1/p')" -le 1048576 ]; return ;;
  esac
  file=$(printf %s "$1" | sed -n 's/.*filename=\([^,]*\),.*diff=.*/\1/p' | tail -n 1)
  bad=$(printf %s "$1" | sed -n 's/.*diff=\([0-9]*\).*/\1/p' | tail -n 1)
  [ "$(tail -c "$bad" "$folder/$file" | tr -d '\000' | wc -c)" -eq 0 ]
}

if [ -f "$manifest" ] && ! report=$(redis-check-aof "$manifest" 2>&1); then
  echo "$report" >&2
  if ! torn "$report"; then
    echo "$manifest is damaged in its midst, and mending it would throw away all that follows. Copy its folder, then run redis-check-aof --fix, or begin with an empty one." >&2
    exit 1
  fi
  # Redis 7.0 keeps the whole commands of a torn transaction, does not load them, and runs them at the
  # start after the next one: entries would then be there twice. This cuts the end off.
  echo y | redis-check-aof --fix "$manifest"
fi

password=${REDIS_PASSWORD-}
[ -z "${REDIS_PASSWORD_FILE-}" ] || password=$(cat "$REDIS_PASSWORD_FILE")
[ -n "$password" ] || { echo 'REDIS_PASSWORD is empty: the bus does not start without a password.' >&2; exit 1; }
unset REDIS_PASSWORD

# One name, since the folder outlives a restart of the container.
secret=${TMPDIR:-/tmp}/redis-secret.conf
printf 'requirepass "%s"\n' "$(printf %s "$password" | sed 's/[\\"]/\\&/g')" >"$secret"
exec redis-server "${REDIS_CONF:-/etc/mad-redis/redis.conf}" --include "$secret" "$@"
