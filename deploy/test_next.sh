#!/usr/bin/env bash
# The second generation of TFX, in a root of Debian 13: set-up, unit tests, a small pipeline, and each generation serves
# what the other has trained. Root, environment and packages are taken again by later calls.
# Arguments are handed to pytest: `test_next.sh tests/serving` runs those tests alone.
# Exits with 77 where this machine cannot make such a root, and says why: nothing is tested then.
set -euo pipefail
cd "$(dirname "$0")/.."
ROOT=build/roots/trixie
RUNS=build/generations

here() {
  TF_CPP_MIN_LOG_LEVEL=3 PATH="$PWD/.venv/bin:$PATH" "$@"
}
if ! here seq2seq --version | grep -q "on TFX 1.16"; then
  echo "test-next: this checkout is not set up with the older generation: SEQ2SEQ_TFX=1.16 make test-next." >&2
  exit 2
fi

not_tested() {
  echo "test-next: the second generation of TFX was NOT TESTED: this machine cannot $1 a root of Debian 13." >&2
  exit 77
}
deploy/roots/make.sh trixie "$ROOT" ca-certificates g++ git make python3 python3-dev python3-pip python3-venv ||
  { [ $? -eq 77 ] && not_tested make || exit 1; }
deploy/roots/enter.sh "$ROOT" true || not_tested enter

# The checkout's files, those that are not committed yet included, beside the environment that an earlier call made.
mkdir -p "$ROOT/checkout" "$RUNS"
find "$ROOT/checkout" -mindepth 1 -maxdepth 1 ! -name .venv ! -name .tools -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from - --ignore-failed-read |
  tar --extract --directory "$ROOT/checkout"
# Tests ask git for the checkout's files. `git clean` spares a folder with another repository in it: it goes at the end.
trap 'rm -rf "$ROOT/checkout/.git"' EXIT
git -C "$ROOT/checkout" init --quiet
git -C "$ROOT/checkout" add --all

cache=$("$(deploy/find_uv.sh)" cache dir)
in_root() {
  deploy/roots/enter.sh "$ROOT" --mount "$cache:/root/.cache/uv" --mount "$PWD/$RUNS:/runs" \
    env --unset=SEQ2SEQ_TFX UV_CACHE_DIR=/root/.cache/uv TF_CPP_MIN_LOG_LEVEL=3 \
    PATH=/checkout/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    bash -c 'cd /checkout && exec "$@"' in_root "$@"
}
in_root deploy/setup.sh
in_root seq2seq --version | tee "$RUNS/version.txt"
grep -q "on TFX 1.21" "$RUNS/version.txt"
in_root python -m pytest -n 2 --no-loadscope-reorder -m "not tfx" "$@"

rm -rf "${RUNS:?}/older" "${RUNS:?}/newer"
in_root deploy/tiny_run.sh train /runs/newer
here deploy/tiny_run.sh train "$RUNS/older"
for trained in older newer; do
  in_root deploy/tiny_run.sh ask "/runs/$trained" --jsonl >"$RUNS/$trained/by_newer.jsonl"
  here deploy/tiny_run.sh ask "$RUNS/$trained" --jsonl >"$RUNS/$trained/by_older.jsonl"
  echo "test-next: the model that the $trained generation has trained, served by both:"
  here python deploy/same_answers.py "$RUNS/$trained"/by_{older,newer}.jsonl
done
