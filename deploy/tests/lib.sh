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
