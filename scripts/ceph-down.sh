#!/usr/bin/env bash
# Stops what ceph-up.sh has started in this directory, and nothing else, and removes the directory.
#
#   scripts/ceph-down.sh <directory>
set -euo pipefail

dir=$(realpath "${1:?which directory?}")

# A pid may meanwhile be another process's: ours names the directory in its command.
is_running() {
  grep -qsF "$dir/ceph.conf" "/proc/$1/cmdline"
}

for name in rgw osd mon; do
  [ -f "$dir/$name.pid" ] || continue
  pid=$(cat "$dir/$name.pid")
  # There is nothing to be saved.
  if is_running "$pid"; then kill -KILL "$pid"; fi
  while is_running "$pid"; do sleep 0.05; done
done
rm -rf "$dir"
