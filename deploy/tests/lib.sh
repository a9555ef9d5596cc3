# The functions of the tests in this folder, over those of stack/lib.sh; to be sourced by a test, which then runs in the
# project's folder. They find tools, or end the test with 77 if a tool cannot be had.
#   $server        the test's name
#   $work          the test's folder for what it writes: target/deploy/NAME
#   DEPLOY_CACHE   the folder of tools that several tests or many runs use (default: target/deploy-cache)
server=$(basename "$0" .sh)
source "$(dirname "${BASH_SOURCE[0]}")/../../stack/lib.sh"
project=$(cd "$here/.." && pwd)
cd "$project"
work=$project/target/deploy/$server
mkdir -p "$work" "${DEPLOY_CACHE:-target/deploy-cache}"
DEPLOY_CACHE=$(cd "${DEPLOY_CACHE:-target/deploy-cache}" && pwd)
export DEPLOY_CACHE

skip() { untested "$*"; exit 77; }
# Unlike the servers' need, it skips the test.
need() {
  local tool
  for tool; do command -v "$tool" >/dev/null 2>&1 || skip "$(how_to_get "$tool")"; done
}
must_fail() { # sentence command…: the command must refuse something broken, or this test tests nothing
  local what=$1
  shift
  if "$@" >"$work/broken.log" 2>&1; then cat "$work/broken.log" >&2; die "$what was accepted"; fi
}

# ---- tools; within `$(…)` a failure ends nothing, so each step says what follows from it ----

# Runs pip. A package that cannot be had skips the test; one that differs from its pinned hash fails it.
with_pip() { # venv arguments…
  local venv=$1 log=$1.log
  shift
  need python3
  python3 -c 'import ensurepip, venv' 2>/dev/null || skip "Python's module venv is missing (Debian: python3-venv)"
  [ -x "$venv/bin/pip" ] || python3 -m venv "$venv" || skip "a virtual environment cannot be made in $venv"
  "$venv/bin/pip" --disable-pip-version-check --quiet "$@" >"$log" 2>&1 && return
  if grep -q HASHES "$log"; then cat "$log" >&2; exit 1; fi
  skip "pip $*: $(grep -m1 ERROR "$log" || tail -1 "$log")"
}
# Prints the Python of a virtual environment with the wheels of a requirements file, which pins them by hash.
python_with() { # requirements-file
  local venv stamp
  need python3
  venv=$DEPLOY_CACHE/$(basename "$1" .txt) stamp=$(stamp_of "$1")
  installed "$venv" "$stamp" || with_lock "deploy-$(basename "$1")" make_venv "$1" "$venv" "$stamp" || exit
  echo "$venv/bin/python"
}
make_venv() { # requirements-file venv stamp
  installed "$2" "$3" && return
  local began=$SECONDS
  say "installing the wheels of $(basename "$1")"
  rm -rf "$2"
  with_pip "$2" install --require-hashes --only-binary :all: -r "$1"
  echo "$3" >"$2/.stamp"
  say "installed in $(elapsed "$began")"
}

# Prints the folder of a Go module's source, whose checksum must be the given one.
go_source() { # module version sum
  local answer
  need go
  answer=$(cd / && GOFLAGS=-modcacherw go mod download -json "$1@$2") || skip "the Go module $1 $2 cannot be downloaded: $answer"
  python3 -c '
import json, sys
module = json.load(sys.stdin)
path, found, wanted = module["Path"], module["Sum"], sys.argv[1]
if found != wanted: sys.exit(f"the checksum of {path} is {found}, not {wanted}")
print(module["Dir"])' "$3" <<<"$answer"
}
# Prints the folders of the CRDs that the chart makes objects of: KEDA's, the Prometheus operator's.
crd_folders() {
  local keda operator
  # A failure within the words of `echo` would be lost.
  keda=$(go_source github.com/kedacore/keda/v2 v2.21.0 h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=) || exit
  operator=$(go_source github.com/prometheus-operator/prometheus-operator v0.85.0 h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=) || exit
  printf '%s\n' "$keda/config/crd/bases" "$operator/example/prometheus-operator-crd"
}

# Prints the path of a program: the one that is installed, or that of Debian's package, which is unpacked and not
# installed, so that no service starts.
debian_program() { # package program
  local folder=$DEPLOY_CACHE/debian/$1
  command -v "$2" && return
  [ -x "$folder/usr/bin/$2" ] || with_lock "deploy-$1" unpack "$1" "$folder" || exit
  echo "$folder/usr/bin/$2"
}
unpack() { # package folder
  [ ! -d "$2" ] || return 0
  local new=$2.new
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || skip "this is no Debian: install $1"
  rm -rf "$new"; mkdir -p "$new"
  ( cd "$new" && { apt-get download -q "$1" || { apt-get update -q && apt-get download -q "$1"; }; } && dpkg -x "$1"_*.deb . ) >"$2.log" 2>&1 \
    || { tail -3 "$2.log" >&2; skip "Debian's package $1 cannot be fetched"; }
  rm "$new/$1"_*.deb
  mv "$new" "$2"
}
