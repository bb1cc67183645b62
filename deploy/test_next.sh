#!/usr/bin/env bash
# The second generation of TFX, in a root of Debian 13: set-up, unit tests, a small pipeline, and each generation serves
# what the other has trained. Needs root and debootstrap; root, environment and packages are taken again by later calls.
# Arguments are handed to pytest: `test_next.sh tests/serving` runs those tests alone.
set -euo pipefail
cd "$(dirname "$0")/.."
ROOT=build/roots/trixie
RUNS=build/generations

deploy/roots/make.sh trixie "$ROOT" ca-certificates g++ git make python3 python3-dev python3-pip python3-venv

# The checkout's files, those that are not committed yet included, beside the environment that an earlier call made.
mkdir -p "$ROOT/checkout" "$RUNS"
find "$ROOT/checkout" -mindepth 1 -maxdepth 1 ! -name .venv ! -name .tools -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from - --ignore-failed-read |
  tar --extract --directory "$ROOT/checkout"
# Tests ask git for the checkout's files.
git -C "$ROOT/checkout" init --quiet
git -C "$ROOT/checkout" add --all

cache=$("$(deploy/find_uv.sh)" cache dir)
in_root() {
  deploy/roots/enter.sh "$ROOT" --mount "$cache:/root/.cache/uv" --mount "$PWD/$RUNS:/runs" \
    env TF_CPP_MIN_LOG_LEVEL=2 PATH=/checkout/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    bash -c 'cd /checkout && exec "$@"' in_root "$@"
}
here() {
  TF_CPP_MIN_LOG_LEVEL=2 PATH="$PWD/.venv/bin:$PATH" "$@"
}

in_root deploy/setup.sh
in_root seq2seq --version | tee "$RUNS/version.txt"
grep -q "on TFX 1.21" "$RUNS/version.txt"
in_root python -m pytest -n 2 --dist loadfile -m "not tfx" "$@"

rm -rf "${RUNS:?}/older" "${RUNS:?}/newer"
in_root deploy/tiny_run.sh train /runs/newer
here deploy/tiny_run.sh train "$RUNS/older"
for trained in older newer; do
  in_root deploy/tiny_run.sh ask "/runs/$trained" >"$RUNS/$trained/by_newer.txt"
  here deploy/tiny_run.sh ask "$RUNS/$trained" >"$RUNS/$trained/by_older.txt"
  diff "$RUNS/$trained/by_older.txt" "$RUNS/$trained/by_newer.txt"
  echo "test-next: the model that the $trained generation trained translates alike in both:"
  cat "$RUNS/$trained/by_newer.txt"
done
