# Functions of the scripts in this folder; to be sourced, not run. Each server script sets `server` first.
#   STACK_DIR   the folder of installs and runs (default: target/stack of this checkout)
# Progress goes to standard error; `start` prints the server's URL on standard output.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${STACK_DIR:-$here/../target/stack}"
STACK_DIR=$(cd "${STACK_DIR:-$here/../target/stack}" && pwd)
export STACK_DIR

say() { echo "${server:-stack}: $*" >&2; }
die() { say "$*"; exit 1; }

# Ends the script if a tool is missing.
need() {
  local tool
  for tool; do command -v "$tool" >/dev/null 2>&1 || die "$(how_to_get "$tool")"; done
}
how_to_get() { # tool: the sentence for a missing tool
  case $1 in
    cargo) echo "cargo is missing: install Rust with rustup (https://rustup.rs), then open a new shell";;
    java) echo "java is missing: install a JDK 21 or newer (Debian: apt-get install openjdk-17-jdk-headless does too; Temurin: https://adoptium.net)";;
    mvn) echo "mvn is missing, it fetches the Java servers: install Maven (Debian: apt-get install maven, macOS: brew install maven)";;
    python3) echo "python3 is missing: install Python 3.10 or newer (Debian: apt-get install python3 python3-venv, macOS: brew install python)";;
    go) echo "go is missing: install Go 1.24 or newer (https://go.dev/dl)";;
    node|npm) echo "$1 is missing: install Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)";;
    docker) echo "docker is missing: install Docker Engine with its compose plugin (https://docs.docker.com/engine/install)";;
    buildah|podman|runc) echo "$1 is missing: install the tools of containers (Debian: apt-get install buildah podman runc)";;
    *) echo "$1 is missing: install it with the system's package manager";;
  esac
}
# Says that something is not tested, because a tool cannot be had. UNTESTED: a file that collects these sentences for a
# summary.
untested() {
  say "NOT TESTED: $*"
  [ -z "${UNTESTED:-}" ] || echo "$server: $*" >>"$UNTESTED"
}

# ---- Java: the newest JDK within [$1, $2) that the server's user can run ----
java_major() { "$1" -version 2>&1 | sed -n '1s/^[^"]*"\([0-9]*\).*/\1/p'; }
find_java() {
  local least=$1 below=$2 home best= best_major=0 major homes
  [ -n "${STACK_JAVA_HOME:-}" ] && homes=("$STACK_JAVA_HOME") || homes=("${JAVA_HOME:-}" "$(java_home_on_path)" /usr/lib/jvm/* /opt/java/* /opt/jdk* \
      "$HOME"/.sdkman/candidates/java/* /Library/Java/JavaVirtualMachines/*/Contents/Home /opt/homebrew/opt/openjdk*)
  for home in "${homes[@]}"; do
    [ -n "$home" ] && [ -x "$home/bin/java" ] || continue
    as_server test -x "$home/bin/java" 2>/dev/null || continue
    major=$(java_major "$home/bin/java"); : "${major:=0}"
    [ "$major" -ge "$least" ] && [ "$major" -lt "$below" ] && [ "$major" -gt "$best_major" ] || continue
    best=$home/bin/java best_major=$major
  done
  [ -n "$best" ] && echo "$best"
}
java_home_on_path() {
  local java
  java=$(command -v java) && java=$(readlink -f "$java" 2>/dev/null) && dirname "$(dirname "$java")" || true
}
maven() { # Maven chooses its own JDK
  mvn -B -ntp "$@"
}

# ---- servers that refuse to run as root run as nobody ----
server_user=()
become_nobody() {
  [ "$(id -u)" = 0 ] || return 0
  need setpriv
  server_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
}
as_server() { ${server_user[@]+"${server_user[@]}"} "$@"; }

# ---- installs: one at a time; a stamp of the inputs' checksum marks a complete install ----
stamp_of() { cat "$@" | cksum | tr ' ' '-'; }
installed() { [ -f "$1/.stamp" ] && [ "$(cat "$1/.stamp")" = "$2" ]; }
with_lock() { # lock-name command…: waits while another process holds it
  local lock=$STACK_DIR/.lock-$1 status=0 said=
  shift
  until mkdir "$lock" 2>/dev/null; do
    if [ -f "$lock/pid" ] && ! kill -0 "$(cat "$lock/pid")" 2>/dev/null; then rm -rf "$lock"; continue; fi
    [ -n "$said" ] || { say "waiting for another install to end"; said=1; }
    sleep 0.5
  done
  echo $$ >"$lock/pid"
  ( "$@" ) || status=$?
  rm -rf "$lock"
  return $status
}
elapsed() { echo "$((SECONDS - ${1:-0})) s"; }

# ---- running servers: $run/{pid,log} ----
run_dir() { echo "${run_base:-$STACK_DIR/run}/$server-$1"; }
alive() { [ -f "$1/pid" ] && kill -0 "$(cat "$1/pid")" 2>/dev/null; }
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
claim() { # port: fails if the port is taken, else makes an empty run directory
  local run
  run=$(run_dir "$1")
  alive "$run" && die "already running on port $1: stop it with 'stack/$server stop $1'"
  port_taken "$1" && die "port $1 is taken by another program: stop that one, or choose another port with 'stack/$server start PORT'"
  rm -rf "$run"; mkdir -p "$run"
}
launch() { # run-directory command…: starts the command in its own session, out of reach of a terminal's Ctrl-C
  local run=$1 session=()
  shift
  command -v setsid >/dev/null && session=(setsid)
  ( cd "$run" && exec ${session[@]+"${session[@]}"} ${server_user[@]+"${server_user[@]}"} "$@" </dev/null >"$run/log" 2>&1 ) &
  echo $! >"$run/pid"
  disown
}
await() { # run-directory seconds command…: waits until the command succeeds
  local run=$1 left=$(($2 * 10))
  shift 2
  until "$@" >/dev/null 2>&1; do
    alive "$run" || { tail -25 "$run/log" >&2; die "it ended at its start (above: the end of its log)"; }
    left=$((left - 1))
    [ $left -gt 0 ] || { tail -25 "$run/log" >&2; stop_in "$run"; die "no answer in time (above: the end of its log)"; }
    sleep 0.1
  done
}
stop_in() { # run-directory
  local run=$1 pid i
  [ -f "$run/pid" ] || return 0
  pid=$(cat "$run/pid")
  kill "$pid" 2>/dev/null || true
  for i in $(seq 1 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -9 "$pid" 2>/dev/null || true
  rm -rf "$run"
}

# ---- the verbs; each server script defines install and start ----
verbs() {
  local verb=${1:-} port=${2:-$default_port}
  case $verb in
    install) install;;
    start) install; start "$port";;
    stop) stop_in "$(run_dir "$port")";;
    status) if alive "$(run_dir "$port")"; then echo "running on port $port, process $(cat "$(run_dir "$port")/pid")"
            else echo "not running on port $port"; exit 1; fi;;
    log) cat "$(run_dir "$port")/log";;
    *) sed -n '2,/^server=/{/^#/s/^# \{0,1\}//p;}' "$0" >&2; exit 2;;
  esac
}
