#!/usr/bin/env bash
# What deploy/Dockerfile does, without an engine for containers: deploy/install.sh in two roots of Debian 12 that stand
# for its stages, and then the image's entry point, as the image's user, through a whole small pipeline.
# Needs root, and downloads 2 GB. The base image's Python is this machine's Python 3.10, at its place here.
set -euo pipefail
cd "$(dirname "$0")/.."
ROOTS=build/roots
# What a Python that was built on Debian 12 may be linked to.
LIBRARIES=(libbz2-1.0 libffi8 liblzma5 libreadline8 libsqlite3-0 libssl3 zlib1g)

uv=$(deploy/find_uv.sh)
python=$("$uv" python find 3.10)
python=$("$python" -c 'import sys; print(sys.base_prefix)')
deploy/roots/make.sh bookworm "$ROOTS/bookworm" ca-certificates "${LIBRARIES[@]}"

stage() {
  echo "test-image: stage $1"
  rm -rf "${ROOTS:?}/$1"
  cp --archive --reflink=auto "$ROOTS/bookworm" "$ROOTS/$1"
  mkdir -p "$ROOTS/$1$python"
  cp --archive "$python/." "$ROOTS/$1$python"
  # The base image's Python can be run by everyone.
  chmod a+x "$ROOTS/$1/root"
  ln -s "$python/bin/python3.10" "$ROOTS/$1/usr/local/bin/python3.10"
  ln -s python3.10 "$ROOTS/$1/usr/local/bin/python3"
}

stage build
mkdir "$ROOTS/build/source"
git ls-files -z --cached --others --exclude-standard -- \
  setup.py pyproject.toml README.md pipeline components trainer transform serving deploy |
  tar --create --null --files-from - | tar --extract --directory "$ROOTS/build/source"
deploy/roots/enter.sh "$ROOTS/build" --mount "$("$uv" cache dir):/root/.cache/uv" \
  /source/deploy/install.sh build /opt/seq2seq

stage image
install -D deploy/install.sh "$ROOTS/image/tmp/deploy/install.sh"
deploy/roots/enter.sh "$ROOTS/image" /tmp/deploy/install.sh runtime
cp --archive "$ROOTS/build/opt/seq2seq" "$ROOTS/image/opt/seq2seq"
rm -rf "${ROOTS:?}/build" "$ROOTS/image/tmp/deploy"

in_image() {
  deploy/roots/enter.sh "$ROOTS/image" --user 10001:10001 --mount "$PWD/deploy:/checkout/deploy" \
    --mount "$PWD/configs:/checkout/configs" \
    env PATH=/opt/seq2seq/bin:/usr/local/bin:/usr/bin:/bin HOME=/workspace TF_CPP_MIN_LOG_LEVEL=2 "$@"
}
echo "test-image: the image's entry point"
in_image tini -- seq2seq --version
in_image sh -c '! command -v cc c++ gcc g++ && ! touch /opt/seq2seq/written 2>/dev/null'
in_image python -c '
from importlib import metadata
import pathlib, re
lock = pathlib.Path("/checkout/deploy/locks/tfx-1.16.txt").read_text()
pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
for package in metadata.distributions():
    name = re.sub(r"[-_.]+", "-", package.name).lower()
    assert name == "tfx-seq2seq" or pinned[name] == package.version, (name, package.version)
assert not list(pathlib.Path("/opt/seq2seq").glob("lib/*/site-packages/pytest"))
'
in_image tini -- seq2seq compile /checkout/configs/dates.yaml --target kubeflow --output /workspace/pipeline.yaml \
  --set deploy.kubeflow.image=seq2seq
in_image tini -- bash /checkout/deploy/tiny_run.sh train /workspace/tiny
in_image tini -- bash /checkout/deploy/tiny_run.sh ask /workspace/tiny
du --summarize --human-readable "$ROOTS/image/opt/seq2seq"
echo "test-image: done"
