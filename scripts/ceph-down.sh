#!/usr/bin/env bash
# Stops the processes that ceph-up.sh started in this directory, and removes the directory.
#
#   scripts/ceph-down.sh <directory>
set -euo pipefail

dir=$(realpath "${1:?usage: ceph-down.sh <directory>}")

# Another process can have the same pid by now. The command line of ours contains the directory.
is_running() {
  grep -qsF "$dir/ceph.conf" "/proc/$1/cmdline"
}

for name in rgw osd mon; do
  [ -f "$dir/$name.pid" ] || continue
  pid=$(cat "$dir/$name.pid")
  # SIGKILL, because no data needs saving.
  if is_running "$pid"; then kill -KILL "$pid"; fi
  while is_running "$pid"; do sleep 0.05; done
done
rm -rf "$dir"
