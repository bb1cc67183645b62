#!/usr/bin/env bash
# What deploy/Dockerfile does, as root on Debian with the Python of the lock on PATH:
#   install.sh build TARGET   make the virtual environment TARGET: this package with the extras of the clusters, and what
#                             it needs, all of it pinned by the lock
#   install.sh runtime        what running it takes besides TARGET: certificates, an init, and a user without rights
# Whatever build installs besides TARGET, a compiler above all, is not needed any more afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
USER_ID=10001

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get --quiet --yes update
  apt-get --quiet --yes install --no-install-recommends "$@"
  apt-get clean
  rm -rf /var/lib/apt/lists/*
}

build() {
  local target=$1 choice generation python_version uv
  install_packages g++
  choice=$(deploy/generation.sh)
  read -r generation python_version <<<"$choice"
  uv=$(deploy/find_uv.sh)
  "$uv" venv --python "python$python_version" "$target"
  pinned() {
    "$uv" pip install --python "$target/bin/python" --constraints "deploy/locks/tfx-$generation.txt" "$@"
  }
  # The package is built with what the lock says, too.
  pinned setuptools wheel
  pinned --compile-bytecode --no-build-isolation-package tfx-seq2seq "tfx-seq2seq[kubeflow,vertex] @ file://$PWD"
}

runtime() {
  install_packages ca-certificates tini
  groupadd --gid "$USER_ID" seq2seq
  useradd --uid "$USER_ID" --gid "$USER_ID" --home-dir /workspace --create-home --shell /usr/sbin/nologin seq2seq
}

case "${1:-}" in
  build) build "${2:?usage: install.sh build TARGET}" ;;
  runtime) runtime ;;
  *)
    echo "usage: install.sh build TARGET | install.sh runtime" >&2
    exit 2
    ;;
esac
