#!/usr/bin/env bash
# The journeys once more, with the state in Debian's own PostgreSQL (15 on Debian 12) instead of the embedded one.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | head -n 1 || true)
if [ -z "$bin" ]; then
  [ "$(id -u)" = 0 ] || { echo "Install Debian's postgresql to run this: sudo apt-get install postgresql" >&2; exit 1; }
  echo "installing Debian's postgresql …"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null
  bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | head -n 1)
fi
folder=$(mktemp -d /tmp/toono-debian-pg-XXXXXX)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
run=()
if [ "$(id -u)" = 0 ]; then chown nobody "$folder"; run=(setpriv --reuid=nobody --regid=nogroup --clear-groups); fi
trap '"${run[@]}" "$bin/pg_ctl" -D "$folder/data" -m fast stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
echo "the journeys on $("$bin/postgres" --version) …"
echo secret > "$folder/password"; chmod 644 "$folder/password"
"${run[@]}" "$bin/initdb" -D "$folder/data" --username=toono --pwfile="$folder/password" --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >/dev/null
"${run[@]}" "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=''" start >/dev/null
TEST_DATABASE_URL="postgresql://toono:secret@127.0.0.1:$port/toono" .venv/bin/python -m pytest tests/journeys
