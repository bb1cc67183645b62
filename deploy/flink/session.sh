#!/usr/bin/env bash
# A session cluster of Flink on this machine, until interrupted: a JobManager, two TaskManagers, beside each of them a
# pool of Beam's workers, and Beam's job server at localhost:8099.
#
#   deploy/flink/session.sh FOLDER [JAR]
#
# FOLDER gets Flink (230 MB, once), logs and what jobs bring along. JAR is that of Beam's job server: without it Beam
# fetches that of its own version; with `none` there is no job server.
set -euo pipefail
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: deploy/flink/session.sh FOLDER [JAR]" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
jar=${2:-}
cd "$here/../.."
FLINK_VERSION=1.19.3

if ! java=$(java -version 2>&1) || ! grep -q '"1[1-9]\.' <<<"$java"; then
  echo "flink: Java 11 or 17 is needed on PATH; 'java -version' said: $(head -n 1 <<<"${java:-nothing}")" >&2
  exit 1
fi

if [ -z "$jar" ]; then
  fetch="from apache_beam.utils.subprocess_server import JavaJarServer as server
print(server.local_jar(server.path_to_beam_jar(':runners:flink:${FLINK_VERSION%.*}:job-server:shadowJar')))"
  if ! jar=$(.venv/bin/python -W ignore -c "$fetch" 2>"$folder/fetch.log" | tail -n 1); then
    echo "flink: Beam's job server could not be fetched: $(tail -n 1 "$folder/fetch.log")" >&2
    echo "flink: name a file of it behind $folder, or 'none' for a cluster without it" >&2
    exit 1
  fi
elif [ "$jar" != none ] && [ ! -f "$jar" ]; then
  echo "flink: there is no file $jar" >&2
  exit 1
fi

flink=$folder/flink-$FLINK_VERSION
if [ ! -d "$flink" ]; then
  echo "flink: fetching Flink $FLINK_VERSION"
  rm -rf "$flink.partial"
  "$(deploy/find_uv.sh)" pip install --quiet --python .venv/bin/python --no-deps --target "$flink.partial" \
    "apache-flink-libraries==$FLINK_VERSION"
  mv "$flink.partial" "$flink"
fi

processes=()
declare -A names
trap 'kill "${processes[@]}" 2>/dev/null; wait' EXIT
trap 'exit 0' INT TERM

# Starts a process: name of its log, and its command.
begin() {
  local name=$1
  shift
  "$@" >"$folder/$name.log" 2>&1 &
  processes+=($!)
  names[$!]=$name
}
begin_java() {
  local name=$1
  shift
  begin "$name" java "@$here/java_17_options.txt" -Dlog4j.configurationFile="$folder/log4j.properties" \
    -cp "$flink/pyflink/lib/*" "$@"
}

cat >"$folder/log4j.properties" <<'PROPERTIES'
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %-5p %c{1}: %m%n
PROPERTIES

begin_java job-manager -Xmx1g org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint \
  --configDir "$here" --executionMode cluster
for number in 1 2; do
  # The engine names its workers, and two TaskManagers the same: each must find a pool of its own under the one address
  # that a job has for them.
  pool=127.0.0.$((number + 1))
  printf '127.0.0.1 localhost\n127.0.0.1 %s\n%s beam-workers\n' "$(hostname)" "$pool" >"$folder/hosts-$number"
  begin "workers-$number" .venv/bin/seq2seq beam-workers --address "$pool:50000"
  begin_java "task-manager-$number" -Djdk.net.hosts.file="$folder/hosts-$number" -Xmx1536m \
    -XX:MaxDirectMemorySize=2g org.apache.flink.runtime.taskexecutor.TaskManagerRunner --configDir "$here" \
    -D "taskmanager.resource-id=task-manager-$number"
done
if [ "$jar" != none ]; then
  begin job-server java -jar "$jar" --flink-master=localhost:8081 --artifacts-dir="$folder/staged" --job-port=8099 \
    --artifact-port=0 --expansion-port=0
fi

# Whether somebody listens at a port of this machine.
listens() {
  (exec 3<>"/dev/tcp/localhost/$1") 2>/dev/null
}

echo "flink: starting; logs in $folder"
if [ "$jar" = none ]; then
  port=8081 ready="ready, at localhost:8081; there is no job server"
else
  port=8099 ready="ready; for a run of the pipeline:
  --set 'beam={engine: flink, flink: {job_endpoint: \"localhost:8099\", parallelism: 4, workers: {environment: pool, \
address: \"beam-workers:50000\"}}}'"
fi
until listens "$port" || [ "$(jobs -pr | wc -l)" -lt "${#processes[@]}" ]; do
  sleep 1
done
if listens "$port"; then
  echo "flink: $ready"
fi
wait -n -p ended "${processes[@]}" || true
echo "flink: ${names[$ended]} has ended; $folder/${names[$ended]}.log says why" >&2
exit 1
