#!/usr/bin/env bash
# Make .venv from the lock, with the package itself installed for development. A second call does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
choice=$(deploy/generation.sh)
read -r generation PYTHON_VERSION <<<"$choice"
LOCK=deploy/locks/tfx-$generation.txt

stamp=.venv/setup.sha256
inputs="$(cat "$LOCK" setup.py pyproject.toml deploy/setup.sh | sha256sum)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$inputs" ] && [ -x .venv/bin/python ]; then
  exit 0
fi

uv=$(deploy/find_uv.sh)
echo "setup: making .venv from $LOCK"
rm -rf .venv
# uv looks for a running Python (PATH, pyenv's shims, its own), and fetches one where there is none.
if ! message=$("$uv" venv --quiet --python "$PYTHON_VERSION" .venv 2>&1); then
  echo "setup: no Python $PYTHON_VERSION: looked for python$PYTHON_VERSION on PATH and under pyenv and uv, and uv could" \
    "not fetch one. Install it (pyenv install $PYTHON_VERSION, or your system's package) and call again." >&2
  echo "$message" >&2
  exit 1
fi
# Bytecode now, once: TFX alone has 9,000 modules, and compiling them takes two thirds of the time of its import.
"$uv" pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes "$LOCK"
# The lock already holds all that the package and its build need: nothing more is resolved or fetched here.
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
echo "$inputs" >"$stamp"
