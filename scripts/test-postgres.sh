#!/usr/bin/env bash
# Runs test/postgres against a temporary PostgreSQL server on 127.0.0.1, or against the one at DATABASE_URL. Passes its
# arguments to vitest. Needs Debian's package postgresql, or its programs in the PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

# PostgreSQL does not run as root.
as_owner=()
[ "$EUID" -ne 0 ] || as_owner=(runuser -u postgres --)

data=
vitest=
clean_up() {
  if [ -n "$vitest" ]; then kill "$vitest" 2>/dev/null || true; fi
  if [ -n "$data" ]; then
    "${as_owner[@]}" pg_ctl stop -s -m immediate -D "$data/db" || true
    rm -rf "$data"
  fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

free_port() {
  node -e "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close() })"
}

start_postgres() {
  PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
  data=$(mktemp -d)
  [ "$EUID" -ne 0 ] || chown postgres "$data"
  local port
  port=$(free_port)
  (
    cd "$data"
    "${as_owner[@]}" initdb -D "$data/db" -A trust -U postgres --no-sync >/dev/null
    "${as_owner[@]}" pg_ctl start -s -w -D "$data/db" -l "$data/log" \
      -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' -c fsync=off"
  )
  export DATABASE_URL=postgres://postgres@127.0.0.1:$port/postgres
}

[ -n "${DATABASE_URL:-}" ] || start_postgres
# In the background, because bash handles a signal only after the foreground command ends.
node_modules/.bin/vitest run --config vitest.postgres.config.ts "$@" &
vitest=$!
wait "$vitest"
