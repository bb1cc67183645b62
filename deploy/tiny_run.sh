#!/usr/bin/env bash
# The example task, so small that it takes a minute or two, with the `seq2seq` on PATH; its files are in FOLDER:
#   tiny_run.sh train FOLDER             from data to a pushed model
#   tiny_run.sh ask FOLDER [OPTION]...   serves that model and prints what it makes of some lines and of the test set, as
#                                        options of `seq2seq translate` say
set -euo pipefail
config=$(realpath "$(dirname "$0")/../configs/dates.yaml")

train() {
  seq2seq example dates --output data/dates --count 1000
  seq2seq run "$config" --set training.epochs=2 --set model.encoder_units=16 --set model.decoder_units=32 \
    --set model.embedding_size=16 --set decoding.beam_size=2 --set decoding.n_best=2 \
    --set 'evaluation.thresholds=[{metric: token_error_rate, at_most: 1000}]'
}

ask() {
  local port
  port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  seq2seq serve "$config" --port "$port" >server.log 2>&1 &
  server=$!
  trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
  {
    printf '%s\n' "14 February 2031" "vendredi 3 mars 1989" "2027年11月30日" ""
    tail -n +2 data/dates/test.tsv | cut -f 1
  } | seq2seq translate --config "$config" --address "localhost:$port" --wait 300 --n-best 2 "$@"
}

mkdir -p "$2"
cd "$2"
case "$1" in
  train) train ;;
  ask) ask "${@:3}" ;;
esac
