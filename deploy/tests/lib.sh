# Functions of the scripts in this folder; to be sourced, not run. Each script sets `name` first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$PWD/target/deploy/$name
mkdir -p "$work"

say() { echo "$name: $*" >&2; }
die() { say "$*"; exit 1; }
skip() { say "skipped: $*"; exit 77; }
need() { # tool sentence: skips if the tool is missing
  command -v "$1" >/dev/null 2>&1 || skip "$1 is missing: $2"
}
must_fail() { # sentence command…: the command must refuse something broken, or this test tests nothing
  local what=$1
  shift
  if "$@" >"$work/broken.log" 2>&1; then cat "$work/broken.log" >&2; die "$what was accepted"; fi
}
# Prints a program of Debian's package `prometheus`, which is unpacked and not installed: no service is started.
of_prometheus() { # program
  local folder=$PWD/target/deploy/prometheus program
  program=$(command -v "$1" || echo "$folder/usr/bin/$1")
  if [ ! -x "$program" ]; then
    need apt-get "$1 is missing, and this is no Debian: install Prometheus"
    need dpkg "it unpacks $1"
    mkdir -p "$folder"
    (cd "$folder" && { apt-get download -q prometheus || { apt-get update -q && apt-get download -q prometheus; }; } && dpkg -x prometheus_*.deb .) \
      >"$folder/apt.log" 2>&1 || { tail -3 "$folder/apt.log" >&2; skip "Debian's package prometheus cannot be fetched"; }
  fi
  echo "$program"
}
