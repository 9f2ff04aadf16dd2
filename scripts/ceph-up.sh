#!/usr/bin/env bash
# Starts a temporary Ceph with an S3 gateway on 127.0.0.1: one monitor, one in-memory OSD, one RGW. Writes no files
# outside the directory. Returns when S3 responds. <directory>/env then exports the endpoint and the credentials.
# Stop it with ceph-down.sh.
#
#   scripts/ceph-up.sh <empty directory>
#
# Needs (Debian) radosgw ceph-mon ceph-osd ceph-common curl, and node for free ports.
set -euo pipefail

dir=$(realpath "${1:?usage: ceph-up.sh <empty directory>}")
conf=$dir/ceph.conf
gateway=client.rgw.main
key=s3-upstream
secret=$(tr -d - </proc/sys/kernel/random/uuid)

free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => s.close(console.log(s.address().port)))'
}
monitor_port=$(free_port)
gateway_port=$(free_port)
endpoint=http://127.0.0.1:$gateway_port

log() { printf '[%2d s] %s\n' "$SECONDS" "$*"; }

# Starts a background process and writes its pid to a file, for ceph-down.sh.
start() {
  local name=$1
  shift
  "$@" >"$dir/$name.out" 2>&1 &
  echo $! >"$dir/$name.pid"
}

wait_for() {
  local condition=$1
  shift
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then
      log "$condition"
      return
    fi
    sleep 0.1
  done
  echo "Ceph: not reached within 30 s: $condition. Last lines of the logs:" >&2
  tail -n 5 "$dir"/*.out "$dir"/*.log >&2
  exit 1
}

write_conf() {
  cat >"$conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = [v2:127.0.0.1:$monitor_port]
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
# No authentication: only this machine can connect, and keys take time.
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
# Monitors prefer encrypted mode, which a client cannot use without cephx.
ms_mon_client_mode = crc
run_dir = $dir
admin_socket = $dir/\$name.asok
pid_file =
log_file = $dir/\$name.log
crash_dir = $dir
keyring = $dir/keyring
# One OSD: one copy of everything, few placement groups.
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0

[mon]
mon_data = $dir/mon
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 2
# By default every change to the cluster waits one second.
paxos_propose_interval = 0.05
paxos_min_wait = 0.02

[osd]
osd_data = $dir/osd
osd_objectstore = memstore
memstore_device_bytes = 8589934592

[$gateway]
# Without tcp_nodelay every response waits 40 ms for the client's delayed acknowledgement.
rgw_frontends = beast endpoint=127.0.0.1:$gateway_port tcp_nodelay=1
rgw_run_sync_thread = false
rgw_rados_pool_pg_num_min = 4
CONF
  : >"$dir/keyring"
}

start_monitor() {
  monmaptool --create --addv a "[v2:127.0.0.1:$monitor_port]" "$dir/monmap" -c "$conf" >"$dir/mkfs.out"
  ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" >>"$dir/mkfs.out" 2>&1
  start mon ceph-mon -c "$conf" -f -i a
  wait_for "monitor responds" ceph -c "$conf" --connect-timeout 5 status
}

start_osd() {
  local uuid
  uuid=$(cat /proc/sys/kernel/random/uuid)
  mkdir "$dir/osd"
  ceph -c "$conf" osd new "$uuid" >/dev/null
  ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$uuid" >>"$dir/mkfs.out" 2>&1
  start osd ceph-osd -c "$conf" -f -i 0
  wait_for "OSD is up" grep_osd_up
}

grep_osd_up() {
  ceph -c "$conf" osd stat | grep -q '1 up'
}

start_gateway() {
  radosgw-admin -c "$conf" -n "$gateway" user create --uid=tests --display-name=tests \
    --access-key="$key" --secret-key="$secret" >"$dir/user.out" 2>&1
  start rgw radosgw -c "$conf" -f -n "$gateway"
  wait_for "S3 responds" curl -fsS "$endpoint/"
}

write_env() {
  cat >"$dir/env" <<ENV
export S3_ENDPOINT=$endpoint
export S3_KEY=$key
export S3_SECRET=$secret
export S3_STORE=$(ceph --version | sed -E 's/^ceph version ([0-9]+)\..*/ceph-\1/')
ENV
}

write_conf
start_monitor
start_osd
start_gateway
write_env
log "$(ceph --version | cut -d' ' -f1-3) at $endpoint"
