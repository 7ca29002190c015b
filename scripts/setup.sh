#!/usr/bin/env bash
# Installs what the tests need, into the checkout where that is possible. Quick
# when all is there: each step is repeated only when what it installs from changed.
set -euo pipefail
cd "$(dirname "$0")/.."

need() { # need COMMAND HOW
  command -v "$1" >/dev/null || { echo "setup: $1 is missing: $2" >&2; exit 1; }
}

need go "install Go 1.26 or newer"
need node "install Node.js 20 or newer"
need npm "it comes with Node.js"

# changed STAMP FILE...: whether any file differs from what the stamp was made for.
changed() {
  local stamp=$1; shift
  ! [ -f "$stamp" ] || ! sha256sum "$@" | cmp -s - "$stamp"
}
stamp() { local file=$1; shift; sha256sum "$@" >"$file"; }

# Debian's packages: a browser for the page's tests, a Redis for the call store's, an nginx and false clocks
# for the fault tests, and what the READMEs type.
packages=()
command -v curl >/dev/null || packages+=(curl)
[ -x /usr/bin/chromium ] || packages+=(chromium)
command -v redis-server >/dev/null || packages+=(redis-server)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || packages+=(nginx)
compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || packages+=(libfaketime)
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing ${packages[*]}"
    # Tests start servers of their own; those of the packages are to start neither now nor at the next boot.
    policy=/usr/sbin/policy-rc.d
    if ! [ -e "$policy" ]; then
      trap 'rm -f "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod +x "$policy"
    fi
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    for package in "${packages[@]}"; do
      case $package in redis-server | nginx) systemctl disable --quiet "$package" 2>/dev/null || true ;; esac
    done
  else
    echo "setup: the tests need curl, /usr/bin/chromium, redis-server, nginx and libfaketime; install what is missing (on Debian: apt-get install ${packages[*]})" >&2
    exit 1
  fi
fi

# Python's packages, in a virtual environment of the checkout.
if changed .venv/.stamp sdk/python/requirements-dev.txt sdk/python/pyproject.toml; then
  python=""
  for candidate in python3 python3.11 python3.12 python3.13; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$candidate
      break
    fi
  done
  [ -n "$python" ] || { echo "setup: Python 3.11 or newer is missing" >&2; exit 1; }
  echo "setup: Python packages into .venv"
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r sdk/python/requirements-dev.txt
  stamp .venv/.stamp sdk/python/requirements-dev.txt sdk/python/pyproject.toml
fi

# Node's packages, beside each package.json of ours that has a lock file.
for lock in sdk/typescript/package-lock.json examples/tasks/web/package-lock.json; do
  dir=$(dirname "$lock")
  if changed "$dir/node_modules/.stamp" "$lock"; then
    echo "setup: Node packages for $dir"
    (cd "$dir" && npm ci --no-audit --no-fund --loglevel=error)
    stamp "$dir/node_modules/.stamp" "$lock"
  fi
done
