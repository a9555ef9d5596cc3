# Functions of the scripts on OpenSearch in this folder; to be sourced, not run.
# Starts OpenSearch 3.4.0, from Maven Central's jars, in a temporary folder; both are gone when the script ends.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
port=${FINDINGS_PORT:-19777}
export OS_VERSION=3.4.0 STACK_DIR
STACK_DIR=$(mktemp -d "${TMPDIR:-/tmp}/findings.XXXXXX")
chmod a+rx "$STACK_DIR"
stop_node() {
  "$here/../stack/opensearch" stop "$port" || true
  if [ -L "$STACK_DIR/opensearch" ]; then rm -rf "$(readlink "$STACK_DIR/opensearch")"; fi
  rm -rf "$STACK_DIR"
}
trap stop_node EXIT
trap 'exit 130' INT TERM
node=$("$here/../stack/opensearch" start "$port")
echo "OpenSearch $(curl -fsS "$node/" | python3 -c 'import json, sys; print(json.load(sys.stdin)["version"]["number"])')"

ask() { # method path [body]: prints the answer's status and body in one line
  curl -sS -o "$STACK_DIR/answer" -w '%{http_code} ' -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "$node/$2"
  cat "$STACK_DIR/answer"; echo
}
