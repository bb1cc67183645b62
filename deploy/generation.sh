#!/usr/bin/env bash
# Print the generation of TFX that set-up takes here: 1.21 where the machine can run it, else 1.16.
# SEQ2SEQ_TFX forces one of them.
set -euo pipefail

case "${SEQ2SEQ_TFX:-}" in
  1.16 | 1.21)
    echo "$SEQ2SEQ_TFX"
    exit 0
    ;;
  "") ;;
  *)
    echo "setup: SEQ2SEQ_TFX is '$SEQ2SEQ_TFX': it can be 1.16 or 1.21, or left out." >&2
    exit 2
    ;;
esac

# Compiled parts of TFX 1.21 (TFDV, ML Metadata) are there for glibc 2.39 and later alone, its lock is for Python 3.13,
# and one of its dependencies is compiled here.
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d " " -f 2)
if [ "$(printf '%s\n' 2.39 "${glibc:-0}" | sort -V | head -n 1)" = 2.39 ] &&
  command -v python3.13 >/dev/null && command -v c++ >/dev/null; then
  echo 1.21
else
  echo 1.16
fi
