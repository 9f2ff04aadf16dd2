#!/usr/bin/env bash
# Runs test/store over HTTP against a temporary Ceph RGW, or against the store at S3_ENDPOINT (with S3_KEY, S3_SECRET
# and, for a region other than us-east-1, S3_REGION). Passes its arguments to vitest.
#
# Installs Ceph if it is missing: as root, or in CI with sudo.
set -euo pipefail
cd "$(dirname "$0")/.."
export AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true

packages=(radosgw ceph-mon ceph-osd ceph-common curl)

missing_commands() {
  local command
  for command in radosgw radosgw-admin ceph-mon monmaptool ceph-osd ceph curl; do
    command -v "$command" >/dev/null || echo "$command"
  done
}

install_ceph() {
  local missing=$1 as_root=()
  if [ "$EUID" -ne 0 ]; then
    if [ -z "${CI:-}" ]; then
      echo "Missing: ${missing//$'\n'/, }. Install them (Debian, Ubuntu):" >&2
      echo "  sudo apt-get install --no-install-recommends ${packages[*]}" >&2
      echo "or set S3_ENDPOINT, S3_KEY and S3_SECRET to test another store." >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${packages[@]}"
}

start_ceph() {
  local missing
  missing=$(missing_commands)
  [ -z "$missing" ] || install_ceph "$missing"
  ceph=$(mktemp -d)
  scripts/ceph-up.sh "$ceph"
  # shellcheck source=/dev/null
  . "$ceph/env"
}

ceph=
vitest=
# Stops all started processes, however the script ends.
clean_up() {
  if [ -n "$vitest" ]; then kill "$vitest" 2>/dev/null || true; fi
  if [ -n "$ceph" ]; then scripts/ceph-down.sh "$ceph"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

[ -n "${S3_ENDPOINT:-}" ] || start_ceph
# In the background, because bash handles a signal only after the foreground command ends.
node_modules/.bin/vitest run --config vitest.store.config.ts "$@" &
vitest=$!
wait "$vitest"
