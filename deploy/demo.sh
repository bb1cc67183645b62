#!/usr/bin/env bash
# The example task from data to answers: make dates, run the pipeline, serve the pushed model, ask it over gRPC.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
CONFIG=configs/dates.yaml

[ -f data/dates/train.tsv ] || seq2seq example dates --output data/dates
seq2seq run "$CONFIG"

port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
seq2seq serve "$CONFIG" --port "$port" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
echo "Lines that the model never saw, answered over gRPC:"
seq2seq translate --config "$CONFIG" --address "localhost:$port" --show-source <<'LINES'
14 February 2031
vendredi 3 mars 1989
Donnerstag, 25. Dezember 2042
7 de octubre de 1999
2027年11月30日
LINES
