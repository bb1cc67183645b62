#!/usr/bin/env bash
# Print the path of uv: the one on PATH, or a pinned one put into .tools/ with pip.
set -euo pipefail
cd "$(dirname "$0")/.."
UV_VERSION=0.9.11 # any uv since 0.5 reads the lock; pinned so that every fresh machine does the same

if command -v uv >/dev/null 2>&1; then
  command -v uv
  exit 0
fi
uv=.tools/uv-$UV_VERSION/bin/uv
if [ ! -x "$uv" ]; then
  python=$(command -v python3 || true)
  if [ -z "$python" ] || ! "$python" -m pip --version >/dev/null 2>&1; then
    echo "setup: neither uv nor 'python3 -m pip' was found on PATH: install uv, or python3 with pip." >&2
    exit 1
  fi
  rm -rf ".tools/uv-$UV_VERSION" .tools/uv.partial
  "$python" -m pip install --quiet --no-deps --disable-pip-version-check --root-user-action=ignore \
    --target .tools/uv.partial "uv==$UV_VERSION" >&2
  mv .tools/uv.partial ".tools/uv-$UV_VERSION"
fi
echo "$uv"
