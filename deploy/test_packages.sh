#!/usr/bin/env bash
# What the tests want of the system, each from Debian's package: a browser, two databases, Graphviz. A second call does
# nothing, and no service is started. Where something cannot be installed, its tests are skipped, and say why.
set -euo pipefail

postgres() { command -v postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres'; }

wanted=()
command -v chromium >/dev/null 2>&1 || wanted+=(chromium)
command -v dot >/dev/null 2>&1 || wanted+=(graphviz)
# The servers' programs without what would make them services; the client's package has what the server's install needs.
command -v mariadbd >/dev/null 2>&1 || wanted+=(mariadb-server-core mariadb-client-core)
postgres >/dev/null 2>&1 || wanted+=(postgresql)
[ ${#wanted[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "test: ${wanted[*]} missing, and only root can install with apt-get: what needs them is not tested." >&2
  exit 0
fi
echo "test: installing ${wanted[*]}"
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get --quiet --yes -o DPkg::Lock::Timeout=300)
# PostgreSQL's package starts a server unless this file forbids it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
output=$("${apt[@]}" update 2>&1) || echo "$output" | tail -n 5 >&2
for package in "${wanted[@]}"; do
  if ! output=$("${apt[@]}" install --no-install-recommends "$package" 2>&1); then
    echo "$output" | tail -n 5 >&2
    echo "test: $package could not be installed: what needs it is not tested." >&2
  fi
done
