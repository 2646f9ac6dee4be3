#!/bin/sh
# Asks each MAD how it is, by hand or from cron; docs/operations.md says how.
#   health-check.sh [--quiet] [--wait SECONDS] npm|compose|kubernetes [NAME …]
# A line for each MAD; of one that is not healthy, what it said. Ends with 0 where all are healthy,
# with 1 where one is not, with 2 where it was called wrongly.
#   --quiet           prints nothing of those that are healthy: cron then writes a mail only when it must
#   --wait SECONDS    asks again until all are healthy, and begins no further question after it
#   NAME …            these MADs; without them grace, fiedler, rogers and sequential-thinking
#   HEALTH_TIMEOUT_S  longest wait for one answer, 20 where absent
# cron has no terminal and no folder of ours: nothing here needs either.
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2

usage() {
  echo "$1 Usage: health-check.sh [--quiet] [--wait SECONDS] npm|compose|kubernetes [NAME …]" >&2
  exit 2
}

quiet=no
v1=no
wait_s=0
while [ $# -gt 0 ]; do
  case $1 in
  --quiet) quiet=yes ;;
  --wait)
    wait_s=${2-}
    case $wait_s in '' | *[!0-9]* | 0?*) usage '--wait takes a number of seconds.' ;; esac
    shift
    ;;
  -*) usage "There is no option $1." ;;
  *) break ;;
  esac
  shift
done
place=${1-}
[ $# -eq 0 ] || shift
for mad; do
  case $mad in -*) usage "$mad stands before where they run." ;; esac
done
[ $# -gt 0 ] || set -- grace fiedler rogers sequential-thinking

case $place in
npm)
  PATH=$PWD/node_modules/.bin:$PATH
  # Addresses and the secret of the group, as the MADs were started with.
  if [ -f .env ]; then
    set -a
    # shellcheck source=/dev/null
    . ./.env
    set +a
  fi
  ;;
compose)
  docker compose version >/dev/null 2>&1 || v1=yes
  ;;
kubernetes) ;;
*) usage "Where do they run? '$place' is no such place." ;;
esac

# status NAME: what the MAD says of itself; ends with 0 where it is healthy.
status() {
  case $place in
  npm) within mad-status --mad "$1" ;;
  # -T: compose 1.29 wants a terminal otherwise. Its services have _ where MADs have -.
  compose)
    set -- exec -T "$(echo "$1" | tr - _)" mad-status
    if [ "$v1" = yes ]; then within docker-compose "$@"; else within docker compose "$@"; fi
    ;;
  kubernetes) within kubectl exec --pod-running-timeout=5s "service/$1" -- mad-status ;;
  esac
}

within() {
  timeout --kill-after=5 "${HEALTH_TIMEOUT_S:-20}" "$@" </dev/null 2>&1
}

end=$(($(date +%s) + wait_s))
failed=''
for mad; do
  until said=$(status "$mad"); do
    code=$?
    if [ "$(date +%s)" -lt "$end" ]; then
      sleep 1
      continue
    fi
    # 137: it did not end when it was told to, either.
    case $code in
    124 | 137)
      said="$said
No answer within ${HEALTH_TIMEOUT_S:-20} s."
      ;;
    esac
    echo "FAIL $mad"
    # Where Docker itself is away, docker-compose 1.29 prints pages; the end says it.
    printf '%s\n' "$said" | tail -n 25 | sed 's/^/     /'
    failed="$failed $mad"
    continue 2
  done
  [ "$quiet" = yes ] || echo "ok   $mad"
done
[ -n "$failed" ] || exit 0
echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $(hostname): not healthy:$failed. What to do: docs/operations.md"
exit 1
