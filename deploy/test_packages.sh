#!/usr/bin/env bash
# What the tests want of the system: Debian's chromium, for those of the demo page. A second call does nothing.
# Where it cannot be installed, those tests are skipped, and say why.
set -euo pipefail

command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "test: no chromium on PATH, and only root can install it with apt-get: the page is not tested in a browser." >&2
  exit 0
fi
echo "test: installing chromium"
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get --quiet --yes -o DPkg::Lock::Timeout=300)
if ! output=$({ "${apt[@]}" update && "${apt[@]}" install --no-install-recommends chromium; } 2>&1); then
  echo "$output" | tail -n 5 >&2
  echo "test: chromium could not be installed: the page is not tested in a browser." >&2
fi
