#!/usr/bin/env bash
# Make a root file system of Debian in a folder, with some packages: make.sh SUITE FOLDER PACKAGE...
# Needs root and debootstrap. A root that is there and whole, with these packages, is taken as it is.
set -euo pipefail
suite=$1 folder=$2
shift 2
packages=$(IFS=,; echo "$*")

if [ "$(cat "$folder/made_of" 2>/dev/null)" = "$suite $packages" ]; then
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "roots: making $folder needs root." >&2
  exit 1
fi
if ! command -v debootstrap >/dev/null; then
  echo "roots: debootstrap is missing: apt-get install debootstrap." >&2
  exit 1
fi
echo "roots: making $folder of Debian $suite"
rm -rf "$folder" "$folder.partial"
mkdir -p "$(dirname "$folder")"
if ! debootstrap --variant=minbase --include="$packages" "$suite" "$folder.partial" >"$folder.log" 2>&1; then
  tail -n 5 "$folder.log" >&2
  exit 1
fi
echo "$suite $packages" >"$folder.partial/made_of"
mv "$folder.partial" "$folder"
