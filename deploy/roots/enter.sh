#!/usr/bin/env bash
# Run a command in a root file system, as root: enter.sh FOLDER [--mount SOURCE:TARGET]... [--user UID:GID] COMMAND...
# It has the machine's network, its names and its certificates, and the folders that are mounted into it. Mounts and
# processes are gone when the command, or whatever calls this, has ended, however it ends.
set -euo pipefail
root=$(realpath "$1")
shift
mounts=("/etc/ssl/certs:/etc/ssl/certs") user=0:0
while [[ "${1:-}" == --* ]]; do
  case "$1" in
    --mount) mounts+=("$2") ;;
    --user) user=$2 ;;
    *)
      echo "roots: unknown option $1" >&2
      exit 2
      ;;
  esac
  shift 2
done
cp --dereference /etc/resolv.conf /etc/hosts "$root/etc/"

export ENTER_ROOT=$root ENTER_USER=$user ENTER_MOUNTS="${mounts[*]}"
exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child -- bash -euo pipefail -c '
  mount -t proc proc "$ENTER_ROOT/proc"
  mount --rbind /dev "$ENTER_ROOT/dev"
  for entry in $ENTER_MOUNTS; do
    mkdir -p "${entry%%:*}" "$ENTER_ROOT${entry#*:}"
    mount --bind "${entry%%:*}" "$ENTER_ROOT${entry#*:}"
  done
  # Not by exec: the first process of a namespace gets no signal that it does not handle, and has orphans to reap.
  status=0
  chroot --userspec="$ENTER_USER" "$ENTER_ROOT" env --unset=PYTHONPATH --unset=PIP_FIND_LINKS HOME=/root \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" || status=$?
  exit "$status"' enter "$@"
