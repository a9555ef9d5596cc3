#!/usr/bin/env bash
# Tests deploy/terraform: by real Terraform over the real schema of the AWS provider, with mocks instead of AWS, by
# checkov, and by logferry itself under the policies of the roles. What it needs is installed once, pinned, under
# target/deploy/terraform (0.6 GB). Needs python3 and Go.
source "$(dirname "$0")/lib.sh"
tests=$PWD/deploy/tests/terraform
cache=$work
log=$cache/install.log

deploy/tests/terraform-static.sh

need python3 go

# Runs a step once for the given files: the stamp holds their checksum.
once() { # NAME FILES… -- COMMAND…
  local stamp=$cache/$1.stamp inputs=() sum
  shift
  while [ "$1" != -- ]; do inputs+=("$1"); shift; done
  shift
  sum=$(cat "${inputs[@]}" | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return
  "$@"
  echo "$sum" >"$stamp"
}

install_bindings() {
  rm -rf "$cache/wheel"
  with_pip "$cache/terraform" download --no-deps --require-hashes -r "$tests/schema.txt" -d "$cache/wheel"
}

make_schema() {
  python3 "$tests/schema.py" "$cache"/wheel/*.whl "$cache/types.txt" >"$cache/schema.json"
}

build_provider() {
  local platform
  platform=$(go env GOOS)_$(go env GOARCH)
  rm -rf "$cache/provider" "$cache/mirror"
  cp -r "$tests/provider" "$cache/provider"
  cp "$cache/schema.json" "$cache/provider/"
  local binary=$cache/mirror/registry.terraform.io/hashicorp/aws/6.69.1/$platform/terraform-provider-aws_v6.69.1
  export CGO_ENABLED=0
  (cd "$cache/provider" && nice -n 15 go build -trimpath -ldflags='-s -w' -o "$binary" .) >"$log" 2>&1 && return
  if grep -qE 'dial tcp|no such host|403 Forbidden|i/o timeout' "$log"; then
    skip "Go's modules cannot be had: $(tail -1 "$log")"
  fi
  cat "$log"
  exit 1
}

once terraform "$tests/requirements.txt" -- with_pip "$cache/terraform" install --require-hashes -r "$tests/requirements.txt"
once bindings "$tests/schema.txt" -- install_bindings
grep -rhoE --include=*.tf '^(resource|data) "aws_\w+"' deploy/terraform | tr -d '"' | sort -u >"$cache/types.txt"
once schema "$tests/schema.txt" "$tests/schema.py" "$cache/types.txt" -- make_schema
once provider "$cache/schema.json" "$tests"/provider/* -- build_provider

# Only the mirror: Terraform asks no other place.
cat >"$cache/terraform.rc" <<RC
disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path = "$cache/mirror"
  }
}
RC
rm -rf "$cache/copy"
cp -r deploy/terraform "$cache/copy"
TF_CLI_CONFIG_FILE=$cache/terraform.rc "$cache/terraform/bin/python" "$tests/run.py" "$cache/copy" \
  "$cache/policies.json"

# Each part is skipped alone.
check_settings() {
  once checkov "$tests/checkov.txt" -- with_pip "$cache/checkov" install -r "$tests/checkov.txt"
  say "checkov"
  "$cache/checkov/bin/checkov" -d deploy/terraform --framework terraform --compact --quiet --skip-download
  "$cache/checkov/bin/python" "$tests/iam_actions.py" "$cache/policies.json"
}

# The real program under the policies, against moto and a real OpenSearch, which `stack/` installs.
run_under_policies() {
  local logferry=${LOGFERRY_BIN:-target/debug/logferry} moto opensearch
  [ -x "$logferry" ] || skip "the roles under the real program, since $logferry is not built (cargo build)"
  moto_port=${TERRAFORM_MOTO_PORT:-15990} opensearch_port=${TERRAFORM_OPENSEARCH_PORT:-19990}
  trap 'stack/moto stop "$moto_port"; stack/opensearch stop "$opensearch_port"' EXIT
  moto=$(stack/moto start "$moto_port")
  opensearch=$(OS_HEAP=512m stack/opensearch start "$opensearch_port" || true)
  [ -n "$opensearch" ] || untested "worker and operator under the real program, since OpenSearch does not start here"
  stack/moto python "$tests/allowed_calls.py" "$cache/policies.json" "$logferry" "$moto" ${opensearch:+"$opensearch"}
}

# In the background, so that a failure ends a part; and one that is skipped does not keep the other from running.
skipped=0
for part in check_settings run_under_policies; do
  ($part) &
  wait $! || { code=$?; [ $code = 77 ] || exit $code; skipped=77; }
done
exit $skipped
