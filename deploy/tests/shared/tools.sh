# Functions of the tests of deployables; to be sourced by a script that has set `server` to its own name.
#   DEPLOY_CACHE   where tools are kept (default: target/deploy-cache of this checkout)
source "$(dirname "${BASH_SOURCE[0]}")/../../../stack/lib.sh"
project=$(cd "$here/.." && pwd)
mkdir -p "${DEPLOY_CACHE:-$project/target/deploy-cache}"
DEPLOY_CACHE=$(cd "${DEPLOY_CACHE:-$project/target/deploy-cache}" && pwd)
export DEPLOY_CACHE

# Prints the Python of a virtual environment with the wheels of a requirements file, which pins them by hash.
python_with() { # requirements-file
  local venv stamp
  need python3
  venv=$DEPLOY_CACHE/$(basename "$1" .txt) stamp=$(stamp_of "$1")
  installed "$venv" "$stamp" || with_lock "deploy-$(basename "$1")" make_venv "$1" "$venv" "$stamp"
  echo "$venv/bin/python"
}
make_venv() { # requirements-file venv stamp
  installed "$2" "$3" && return
  local began=$SECONDS
  say "installing the wheels of $(basename "$1")"
  rm -rf "$2"
  python3 -m venv "$2"
  "$2/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$1" >&2
  echo "$3" >"$2/.stamp"
  say "installed in $(elapsed "$began")"
}

# Prints the folder of a Go module's source, whose checksum must be the given one.
go_source() { # module version sum
  local answer
  need go
  answer=$(cd / && GOFLAGS=-modcacherw go mod download -json "$1@$2") || die "the Go module $1 $2 cannot be downloaded: $answer"
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
  keda=$(go_source github.com/kedacore/keda/v2 v2.21.0 h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=) || return
  operator=$(go_source github.com/prometheus-operator/prometheus-operator v0.85.0 h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=) || return
  printf '%s\n' "$keda/config/crd/bases" "$operator/example/prometheus-operator-crd"
}
