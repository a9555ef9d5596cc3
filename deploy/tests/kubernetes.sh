#!/usr/bin/env bash
# Tests the Helm chart on a real API server: strict validation, install, upgrade, rollback, and KEDA's own scaler on the
# depth of a real queue, 0 → N → 0, with real workers as the pods. No loss, no document twice.
#   deploy/tests/kubernetes.sh         five minutes; the first run builds Kubernetes and KEDA (33 CPU minutes)
#   deploy/tests/kubernetes.sh build   only builds
# Needs Go, Python 3.10 or newer, openssl, curl, and what stack/elasticmq, stack/s3 and stack/opensearch need.
#   KUBERNETES_PORT   the first of 20 ports on 127.0.0.1 (default 19960)
#   LOGFERRY_BIN      the built logferry (default: a release build)
#   BURST             objects of each burst (default 600)
#   KEEP_LOGS=1       leaves the logs of all servers and pods in target/deploy-cache/cluster
source "$(dirname "$0")/lib.sh"
source deploy/tests/cluster/parts.sh
source deploy/tests/cluster/control_plane.sh
base=${KUBERNETES_PORT:-19960}

build_parts
if [ "${1:-}" = build ]; then exit 0; fi
need openssl curl
python=$(python_with deploy/tests/cluster/cluster-requirements.txt)
crds=$(crd_folders | paste -sd:)
if [ -z "${LOGFERRY_BIN:-}" ]; then
  cargo build --locked --release --bin logferry
  LOGFERRY_BIN=$project/target/release/logferry
fi
for program in elasticmq s3 opensearch; do stack/"$program" install; done

test=
finish() {
  if [ -n "$test" ]; then kill "$test" 2>/dev/null || true; wait "$test" || true; fi
  stack/elasticmq stop $((base + 10)); stack/s3 stop $((base + 11)); stack/opensearch stop $((base + 12))
  stop_control_plane
  [ -n "${KEEP_LOGS:-}" ] || rm -rf "$plane"
}
trap finish EXIT
trap 'exit 130' INT TERM
start_control_plane
export CLUSTER_KUBECONFIG=$plane/kubeconfig CLUSTER_PODS=$plane/pods CLUSTER_PORTS=$((base + 13)) LOGFERRY_BIN BURST=${BURST:-600}
CLUSTER_SQS=$(stack/elasticmq start $((base + 10))) CLUSTER_S3=$(stack/s3 start $((base + 11)))
CLUSTER_OPENSEARCH=$(stack/opensearch start $((base + 12)))
export CLUSTER_SQS CLUSTER_S3 CLUSTER_OPENSEARCH
PATH="$(dirname "$python"):$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$project/deploy/tests/chart "$python" deploy/tests/cluster/run.py &
test=$! # not in the foreground: a signal is then heeded at once
wait $test
