#!/usr/bin/env bash
# Make a root file system of Debian in a folder, with some packages: make.sh SUITE FOLDER PACKAGE...
# Needs root; debootstrap is installed where it is missing. A root that is there and whole, with these packages, is taken
# as it is. Exits with 77 where this machine cannot make or enter one, and says why.
set -euo pipefail
suite=$1 folder=$2
shift 2
packages=$(IFS=,; echo "$*")

cannot() {
  echo "roots: $folder cannot be made here: $*" >&2
  exit 77
}
# Debootstrap mounts into the folder: in namespaces of its own, which end with this script, nothing stays mounted.
isolated=(setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc --)

[ "$(id -u)" -eq 0 ] || cannot "it needs root, and this is user $(id -un)."
message=$("${isolated[@]}" mount -t tmpfs tmpfs /mnt 2>&1) || cannot "a mount in a namespace is refused: $message"
if [ "$(cat "$folder/made_of" 2>/dev/null)" = "$suite $packages" ]; then
  exit 0
fi
if ! command -v debootstrap >/dev/null; then
  command -v apt-get >/dev/null || cannot "debootstrap is missing, and there is no apt-get to install it."
  echo "roots: installing debootstrap"
  export DEBIAN_FRONTEND=noninteractive
  apt=(apt-get --quiet --yes -o DPkg::Lock::Timeout=300)
  # A list that cannot be updated may still be good enough.
  updated=$("${apt[@]}" update 2>&1) || echo "$updated" | tail -n 5 >&2
  message=$("${apt[@]}" install --no-install-recommends debootstrap 2>&1) ||
    cannot "debootstrap is missing, and could not be installed: $(echo "$message" | tail -n 5)"
fi
echo "roots: making $folder of Debian $suite"
rm -rf "$folder" "$folder.partial"
mkdir -p "$(dirname "$folder")"
"${isolated[@]}" debootstrap --variant=minbase --include="$packages" "$suite" "$folder.partial" >"$folder.log" 2>&1 || {
  rm -rf "$folder.partial"
  cannot "debootstrap failed, $folder.log has all it said: $(tail -n 5 "$folder.log")"
}
echo "$suite $packages" >"$folder.partial/made_of"
mv "$folder.partial" "$folder"
