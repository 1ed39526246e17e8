#!/usr/bin/env bash
# A real single-node Apache Kafka (KRaft) on 127.0.0.1, for tests and benchmarks.
#
#   kafka.sh start   [--port N] [--dir D] [--set key=value]... [--scram user=password]
#                                            start it and wait until it serves; the user is made with the data
#   kafka.sh stop    [--port N] [--dir D]    orderly shutdown (data kept)
#   kafka.sh restart [--port N] [--dir D]    stop + start
#   kafka.sh kill9   [--port N] [--dir D]    SIGKILL, to rehearse a crash (data kept)
#   kafka.sh status  [--port N] [--dir D]    exit 0 when running, 3 when not
#   kafka.sh wipe    [--port N] [--dir D]    delete the data of a stopped instance
#
# Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not running (status), 4 a tool is missing (java, mvn).
#
# One instance per --dir (default: <cache>/node-<port>); the controller listens on port+1.
# Needs: bash, java >= 17, mvn (first start only).  Env: KAFKA_VERSION, KAFKA_HEAP (512m),
# KAFKA_CACHE (default ${XDG_CACHE_HOME:-~/.cache}/hydrant-kafka), KAFKA_JVM_OPTS,
# KAFKA_START_TIMEOUT (120 s).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
die() { echo "kafka.sh: $*" >&2; exit 1; }
missing() { echo "kafka.sh: $*" >&2; exit 4; }
usage() { sed -n '2,18s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit "${1:-2}"; }

cmd=${1:-}; [ $# -gt 0 ] && shift
port= dir= scram= extra=()
while [ $# -gt 0 ]; do
  case $1 in
    --port) port=${2:?--port needs a number}; shift 2 ;;
    --dir)  dir=${2:?--dir needs a path};     shift 2 ;;
    --set)  extra+=("${2:?--set needs key=value}"); shift 2 ;;
    --scram) scram=${2:?--scram needs user=password}; shift 2 ;;
    -h|--help) usage 0 ;;
    *) die "unknown argument: $1 (try --help)" ;;
  esac
done
cache=${KAFKA_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/hydrant-kafka}
version=${KAFKA_VERSION:-$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")}
jars=$cache/jars-$version
: "${dir:=$cache/node-${port:-9092}}"
conf=$dir/server.properties pidfile=$dir/pid log=$dir/server.log
[ -n "$port" ] || port=$(sed -n 's/^advertised.listeners=.*:\([0-9]*\)$/\1/p' "$conf" 2>/dev/null || true)
port=${port:-9092}
case $port in *[!0-9]*) die "not a port: $port" ;; esac

running() { # prints the pid; a stale pid file or a recycled pid does not count
  local pid; pid=$(cat "$pidfile" 2>/dev/null) && [ -n "$pid" ] &&
    tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$conf" && echo "$pid"
}
port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

fetch_jars() {
  [ -d "$jars" ] && return
  command -v mvn >/dev/null || missing "mvn not found: install Maven (e.g. apt-get install maven)"
  mkdir -p "$cache"; exec 9>"$cache/.lock"; flock 9      # two first starts at once: one downloads
  [ -d "$jars" ] && return
  echo "kafka.sh: getting Apache Kafka $version with mvn into $jars" >&2
  rm -rf "$jars.part"
  mvn -q -B -f "$here/pom.xml" -Dkafka.version="$version" dependency:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$jars.part" >"$cache/mvn.log" 2>&1 ||
    { tail -20 "$cache/mvn.log" >&2; die "mvn could not get Kafka $version (log: $cache/mvn.log)"; }
  mv "$jars.part" "$jars"; exec 9>&-
}

write_conf() { # --set lines of an earlier start stay in force until new ones are given (or wipe)
  local c=$((port + 1))
  [ ${#extra[@]} -gt 0 ] || [ ! -f "$conf" ] || mapfile -t extra < <(sed '1,/^log.cleaner.dedupe/d' "$conf")
  cat >"$conf" <<CONF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$c
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$c
advertised.listeners=PLAINTEXT://127.0.0.1:$port
log.dirs=$dir/data
num.partitions=1
num.network.threads=2
num.io.threads=4
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
CONF
  [ ${#extra[@]} -eq 0 ] || printf '%s\n' "${extra[@]}" >>"$conf"
}

java_run() { java -cp "$jars/*" -Dlog4j2.configurationFile="$here/log4j2.properties" "$@"; }

start() {
  local pid p i
  if pid=$(running); then echo "already running: pid $pid, bootstrap 127.0.0.1:$port"; return; fi
  command -v java >/dev/null || missing "java not found: Kafka $version needs Java 17 or newer"
  local jv; jv=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
  [ "${jv:-0}" -ge 17 ] || missing "Java $jv found, Kafka $version needs 17 or newer"
  for p in "$port" $((port + 1)); do
    ! port_open "$p" || die "port $p is taken by another process (choose --port; --port and --port+1 are used)"
  done
  fetch_jars
  mkdir -p "$dir" || die "cannot write $dir"
  write_conf
  if [ ! -f "$dir/data/meta.properties" ]; then
    java_run -Xmx128m -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format -c "$conf" \
      -t "$(head -c 90 /dev/urandom | base64 | tr -dc A-Za-z0-9 | cut -c1-21 | head -1)A" \
      ${scram:+--add-scram "SCRAM-SHA-512=[name=${scram%%=*},password=${scram#*=}]"} >"$dir/format.log" 2>&1 ||
      { tail -5 "$dir/format.log" >&2; die "formatting $dir/data failed"; }
  fi
  : >"$log"
  setsid java -Xms64m -Xmx"${KAFKA_HEAP:-512m}" -XX:+UseSerialGC ${KAFKA_JVM_OPTS:-} -Djava.awt.headless=true \
    -Dlog4j2.configurationFile="$here/log4j2.properties" -cp "$jars/*" kafka.Kafka "$conf" \
    >"$log" 2>&1 </dev/null &
  pid=$!; echo "$pid" >"$pidfile"
  for ((i = 0; i < ${KAFKA_START_TIMEOUT:-120} * 20; i++)); do
    kill -0 "$pid" 2>/dev/null || { grep -E 'ERROR|FATAL|Exception' "$log" | head -5 >&2; die "Kafka died while starting (log: $log)"; }
    if grep -q 'Kafka Server started' "$log" && port_open "$port"; then
      echo "started: pid $pid, bootstrap 127.0.0.1:$port, dir $dir"; return
    fi
    sleep 0.05
  done
  kill -9 "$pid"; die "Kafka did not serve within ${KAFKA_START_TIMEOUT:-120} s (log: $log)"
}

stop() { # $1: signal
  local pid i
  pid=$(running) || { echo "not running"; rm -f "$pidfile"; return 0; }
  kill "-$1" "$pid"
  for ((i = 0; i < 600; i++)); do kill -0 "$pid" 2>/dev/null || { rm -f "$pidfile"; echo "stopped: pid $pid"; return 0; }; sleep 0.05; done
  die "pid $pid still there after 30 s (try kill9)"
}

case $cmd in
  start)   start ;;
  stop)    stop TERM ;;
  kill9)   stop KILL ;;
  restart) stop TERM; start ;;
  status)  if pid=$(running); then
             echo "running: pid $pid, bootstrap 127.0.0.1:$port, rss $(awk '/VmRSS/{print int($2/1024)}' "/proc/$pid/status") MiB, dir $dir"
           else echo "not running (dir $dir)"; exit 3; fi ;;
  wipe)    if pid=$(running); then die "still running (pid $pid): stop it first"; fi
           [ -f "$conf" ] || { echo "nothing at $dir"; exit 0; }
           rm -rf "$dir/data" "$conf" "$log" "$pidfile" "$dir/format.log"; echo "wiped $dir" ;;
  ''|-h|--help|help) usage 0 ;;
  *) die "unknown command: $cmd (try --help)" ;;
esac
