#!/usr/bin/env bash
# A Ceph RADOS Gateway with one monitor and one in-memory OSD: a real S3 server on loopback, http and https.
#
#   rgw.sh run DIR      serves until standard input ends or a signal comes, then stops everything; prints "ready"
#
# DIR must not exist or be empty. DIR/endpoint holds HTTP_URL, HTTPS_URL, CA_FILE, REGION, ACCESS_KEY, SECRET_KEY as
# shell assignments once the server is ready. The daemons are children of this script and get a signal from the kernel
# when it dies. Runs as root and as an ordinary user; needs ceph-mon, ceph-osd, radosgw, ceph-common and openssl.
set -euo pipefail
[ "${1:-}" = run ] && [ $# = 2 ] || { echo "usage: rgw.sh run DIR" >&2; exit 2; }
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$2"
dir=$(cd "$2" && pwd)
[ -z "$(ls -A "$dir")" ] || { echo "$dir is not empty" >&2; exit 2; }
mkdir -p "$dir"/{mon,osd,run,log,tls}
conf=$dir/ceph.conf
declare -A pids=()

stop_one() { # a daemon and its grace period in tenths of a second: asks it to stop, kills it when it does not
  local pid=${pids[$1]:-}
  [ -n "$pid" ] || return 0
  kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq "$2"); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  unset "pids[$1]"
}

stop_all() { # the gateway first: without its OSD it would wait for answers; the OSD has only memory to lose
  trap '' INT TERM HUP
  stop_one radosgw 50
  stop_one ceph-osd 5
  stop_one ceph-mon 30
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

free_port() { # below the range of ports that the system hands out by itself
  local port
  while :; do
    port=$(shuf -i 20000-31999 -n 1)
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

certificates() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=pgbk test authority" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign" \
    -keyout "$dir/tls/ca.key" -out "$dir/tls/ca.crt"
  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$dir/tls/server.key" -out "$dir/tls/server.csr"
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >"$dir/tls/server.ext"
  openssl x509 -req -in "$dir/tls/server.csr" -CA "$dir/tls/ca.crt" -CAkey "$dir/tls/ca.key" -CAcreateserial -days 30 \
    -extfile "$dir/tls/server.ext" -out "$dir/tls/server.crt"
  cat "$dir/tls/server.key" "$dir/tls/server.crt" >"$dir/tls/server.pem"
}
certificates 2>"$dir/log/openssl.out"

fsid=$(cat /proc/sys/kernel/random/uuid)
mon_port=$(free_port)
http_port=$(free_port)
https_port=$(free_port)
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
memstore device bytes = 6442450944
osd memory target = 1610612736
[client.rgw]
# Without tcp_nodelay most answers with a body take 40 ms more.
rgw frontends = beast tcp_nodelay=1 endpoint=127.0.0.1:$http_port ssl_endpoint=127.0.0.1:$https_port ssl_certificate=$dir/tls/server.pem
rgw enable usage log = false
rgw enable ops log = false
rgw thread pool size = 64
debug rgw = 0
CONF

{
  monmaptool --create --clobber --fsid "$fsid" --addv a "[v1:127.0.0.1:$mon_port]" "$dir/monmap"
  mkdir -p "$dir/mon/a" "$dir/osd/0"
  ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap"
} >"$dir/log/setup.out" 2>&1
start_one ceph-mon -f -i a
{
  osd=$(cat /proc/sys/kernel/random/uuid)
  timeout 60 ceph -c "$conf" osd new "$osd" 0
  ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$osd"
} >>"$dir/log/setup.out" 2>&1
start_one ceph-osd -f -i 0
access_key=pgbkkey secret_key=pgbksecret00000000
timeout 120 radosgw-admin -c "$conf" -n client.rgw user create --uid=pgbk --display-name=pgbk \
  --access-key="$access_key" --secret-key="$secret_key" >>"$dir/log/setup.out" 2>&1
start_one radosgw -n client.rgw -f
for ((i = 0; ; i++)); do
  (exec 3<>"/dev/tcp/127.0.0.1/$https_port") 2>/dev/null && break
  if [ $i = 300 ] || ! kill -0 "${pids[radosgw]}" 2>/dev/null; then
    echo "the gateway did not start, see $dir/log" >&2
    exit 1
  fi
  sleep 0.2
done
cat >"$dir/endpoint.new" <<ENDPOINT
HTTP_URL=http://127.0.0.1:$http_port
HTTPS_URL=https://localhost:$https_port
CA_FILE=$dir/tls/ca.crt
REGION=default
ACCESS_KEY=$access_key
SECRET_KEY=$secret_key
ENDPOINT
mv "$dir/endpoint.new" "$dir/endpoint"
echo ready
# A trapped signal interrupts the built-in read, not a child process.
while read -r _; do :; done
