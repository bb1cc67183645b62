#!/usr/bin/env bash
# Print the generation of TFX that set-up takes here, and the Python that its lock is for: "1.21 3.13" where the machine
# can run it, else "1.16 3.10". SEQ2SEQ_TFX forces one of them.
set -euo pipefail

# Compiled parts of TFX 1.21 (TFDV, ML Metadata) are there for glibc 2.39 and later alone, and one of its dependencies
# is compiled here.
can_run_the_newer() {
  local glibc
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -s -d " " -f 2)
  [ "$(printf '%s\n' 2.39 "${glibc:-0}" | sort -V | head -n 1)" = 2.39 ] &&
    command -v python3.13 >/dev/null && command -v c++ >/dev/null
}

case "${SEQ2SEQ_TFX:-}" in
  1.16) echo 1.16 3.10 ;;
  1.21) echo 1.21 3.13 ;;
  "") if can_run_the_newer; then echo 1.21 3.13; else echo 1.16 3.10; fi ;;
  *)
    echo "setup: SEQ2SEQ_TFX is '$SEQ2SEQ_TFX': it can be 1.16 or 1.21, or left out." >&2
    exit 2
    ;;
esac
