#!/usr/bin/env bash
# A Ceph RADOS Gateway with one monitor and one in-memory OSD: a real S3 server on loopback, http and https.
#
#   rgw.sh run DIR      serves until standard input ends or a signal comes, then stops everything; prints "ready"
#
# DIR must not exist or be empty. DIR/endpoint holds HTTP_URL, HTTPS_URL, CA_FILE, REGION, ACCESS_KEY, SECRET_KEY as
# shell assignments once the server is ready. A start that fails is tried again from nothing, with other ports; when no
# attempt succeeds the ends of all logs go to standard error and to DIR/failed, and the script ends with 1. The daemons
# are children of this script and get a signal from the kernel when it dies. Runs as root and as an ordinary user; needs
# ceph-mon, ceph-osd, radosgw, ceph-common and openssl.
set -uo pipefail
[ "${1:-}" = run ] && [ $# = 2 ] || { echo "usage: rgw.sh run DIR" >&2; exit 2; }
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$2" && top=$(cd "$2" && pwd) || exit 2
[ -z "$(ls -A "$top")" ] || { echo "$top is not empty" >&2; exit 2; }
attempts=3
access_key=pgbkkey secret_key=pgbksecret00000000
declare -A pids=()

stop_one() { # a daemon and its grace period in tenths of a second: asks it to stop, kills it when it does not
  local pid=${pids[$1]:-}
  [ -n "$pid" ] || return 0
  kill -TERM "$pid" 2>/dev/null
  for _ in $(seq "$2"); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  unset "pids[$1]"
}

stop_daemons() { # the gateway first: without its OSD it would wait for answers; the OSD has only memory to lose
  stop_one radosgw 50
  stop_one ceph-osd 5
  stop_one ceph-mon 30
}

stop_all() {
  trap '' INT TERM HUP
  stop_one step 20
  stop_daemons
}
trap stop_all EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
trap 'exit 129' HUP

start_one() { # a daemon in the foreground, as a child
  local name=$1
  shift
  setpriv --pdeathsig KILL "$name" -c "$conf" "$@" </dev/null >>"$dir/log/$name.out" 2>&1 &
  pids[$name]=$!
}

step() { # what it is for, a time limit in seconds, a command: its output goes to a log, its failure is said
  local what=$1 limit=$2
  shift 2
  # In the background, because a trapped signal interrupts only "wait".
  setpriv --pdeathsig TERM timeout "$limit" "$@" </dev/null >>"$dir/log/setup.out" 2>&1 &
  pids[step]=$!
  while kill -0 "${pids[step]}" 2>/dev/null; do
    keep_osd
    sleep 0.1
  done
  wait "${pids[step]}"
  local status=$?
  unset "pids[step]"
  [ $status = 0 ] && return
  echo "$what ended with status $status: $*" >>"$dir/log/setup.out"
  return 1
}

keep_osd() { # on a busy machine an OSD may ask before it knows the monitor's map, be refused ("wrong fsid") and end
  [ -n "${pids[ceph-osd]:-}" ] && ! kill -0 "${pids[ceph-osd]}" 2>/dev/null || return 0
  echo "the OSD ended and is started again" >>"$dir/log/setup.out"
  start_one ceph-osd -f -i 0
  sleep 0.5
}

free_port() { # below the range of ports that the system hands out by itself
  local port
  while :; do
    port=$(shuf -i 20000-31999 -n 1)
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

certificates() {
  local tls=$dir/tls
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >"$tls/server.ext"
  step "making an authority" 60 openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=pgbk test authority" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign" \
    -keyout "$tls/ca.key" -out "$tls/ca.crt" &&
    step "making a key" 60 openssl req -newkey rsa:2048 -nodes -subj /CN=localhost \
      -keyout "$tls/server.key" -out "$tls/server.csr" &&
    step "making a certificate" 60 openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" \
      -CAcreateserial -days 30 -extfile "$tls/server.ext" -out "$tls/server.crt" &&
    cat "$tls/server.key" "$tls/server.crt" >"$tls/server.pem"
}

configuration() {
  cat >"$conf" <<CONF
[global]
fsid = $fsid
mon host = [v1:127.0.0.1:$mon_port]
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
# The monitor would stop where the file system is nearly full, however little it writes.
mon data avail crit = 0
mon data avail warn = 0
run dir = $dir/run
log file = $dir/log/\$name.log
admin socket = $dir/run/\$name.asok
ms bind ipv6 = false
ms bind msgr2 = false
[mon.a]
mon data = $dir/mon/a
[osd.0]
osd data = $dir/osd/0
osd objectstore = memstore
memstore device bytes = ${PGBK_TEST_RGW_BYTES:-6442450944}
osd memory target = 1610612736
[client.rgw]
# Without tcp_nodelay most answers with a body take 40 ms more.
rgw frontends = beast tcp_nodelay=1 endpoint=127.0.0.1:$http_port ssl_endpoint=127.0.0.1:$https_port ssl_certificate=$dir/tls/server.pem
rgw enable usage log = false
rgw enable ops log = false
rgw thread pool size = 64
# What is deleted gives its memory back at once, not after two hours.
rgw gc obj min wait = 5
rgw gc processor period = 5
rgw gc processor max time = 5
debug rgw = 0
CONF
}

bring_up() { # one attempt in $dir
  local fsid osd mon_port http_port https_port
  conf=$dir/ceph.conf
  mkdir -p "$dir"/{mon/a,osd/0,run,log,tls} || return
  certificates || return
  fsid=$(cat /proc/sys/kernel/random/uuid)
  osd=$(cat /proc/sys/kernel/random/uuid)
  mon_port=$(free_port)
  http_port=$(free_port)
  https_port=$(free_port)
  configuration
  step "making the monitor's map" 60 \
    monmaptool --create --clobber --fsid "$fsid" --addv a "[v1:127.0.0.1:$mon_port]" "$dir/monmap" || return
  step "making the monitor" 60 ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" || return
  start_one ceph-mon -f -i a
  step "announcing the OSD" 120 ceph -c "$conf" osd new "$osd" 0 || return
  step "making the OSD" 120 ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$osd" || return
  start_one ceph-osd -f -i 0
  step "making a user" 180 radosgw-admin -c "$conf" -n client.rgw user create --uid=pgbk --display-name=pgbk \
    --access-key="$access_key" --secret-key="$secret_key" || return
  start_one radosgw -n client.rgw -f
  for ((i = 0; ; i++)); do
    keep_osd
    (exec 3<>"/dev/tcp/127.0.0.1/$https_port") 2>/dev/null && break
    if [ $i = 900 ] || ! kill -0 "${pids[radosgw]}" 2>/dev/null; then
      echo "the gateway did not begin to listen" >>"$dir/log/setup.out"
      return 1
    fi
    sleep 0.2
  done
  cat >"$top/endpoint.new" <<ENDPOINT
HTTP_URL=http://127.0.0.1:$http_port
HTTPS_URL=https://localhost:$https_port
CA_FILE=$dir/tls/ca.crt
REGION=default
ACCESS_KEY=$access_key
SECRET_KEY=$secret_key
ENDPOINT
  mv "$top/endpoint.new" "$top/endpoint"
}

tell() { # what the logs of the attempt in $dir end with
  echo "attempt $attempt to start the Ceph RADOS Gateway failed in $dir:"
  for log in "$dir"/log/*; do
    [ -s "$log" ] || continue
    echo "--- ${log##*/}"
    grep -v '^[-.+*]*$' "$log" | cut -c 1-300 | tail -n 25
  done
  df -h "$dir"
  free -m 2>/dev/null
}

for ((attempt = 1; ; attempt++)); do
  dir=$top/$attempt
  bring_up && break
  stop_daemons
  tell 2>&1 | tee -a "$top/failed.new" >&2
  [ $attempt = $attempts ] && { mv "$top/failed.new" "$top/failed"; exit 1; }
done
echo ready
# A trapped signal interrupts the built-in read, not a child process.
while read -r _; do :; done
