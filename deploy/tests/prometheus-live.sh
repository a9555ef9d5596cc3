#!/usr/bin/env bash
# A real Prometheus scrapes a real worker, and evaluates every expression of the dashboard and of the rules. Each
# expression of the dashboard must have a result.
#   LOGFERRY_BIN   the binary (default target/debug/logferry)
source "$(dirname "$0")/lib.sh"
need python3 java mvn
logferry=${LOGFERRY_BIN:-target/debug/logferry}
[ -x "$logferry" ] || skip "there is no $logferry: cargo build"
prometheus=$(debian_program prometheus prometheus)

opensearch_port=${OPENSEARCH_PORT:-19250} moto_port=${MOTO_PORT:-15050} worker_port=19251 prometheus_port=19252
running=()
cleanup() {
  for one in ${running[@]+"${running[@]}"}; do kill "$one" 2>/dev/null || true; wait "$one" 2>/dev/null || true; done
  stack/opensearch stop "$opensearch_port"; stack/moto stop "$moto_port"
}
trap cleanup EXIT
opensearch=$(stack/opensearch start "$opensearch_port")
aws=$(stack/moto start "$moto_port")
queue=$(stack/moto python demo/wire.py --endpoint "$aws")
"$logferry" setup --opensearch-url "$opensearch" >"$work/setup.log" 2>&1 || { cat "$work/setup.log" >&2; die "logferry setup failed"; }

export AWS_ENDPOINT_URL=$aws AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE AWS_SESSION_TOKEN
cat >"$work/prometheus.yml" <<Y
global: {scrape_interval: 500ms, evaluation_interval: 1s}
rule_files: ["$PWD/deploy/alerts/prometheus/*.yaml"]
scrape_configs:
  - job_name: logferry
    static_configs: [{targets: ["127.0.0.1:$worker_port"]}]
Y
rm -rf "$work/data"
"$prometheus" --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" --web.listen-address="127.0.0.1:$prometheus_port" \
  --log.level=warn >"$work/prometheus.log" 2>&1 & running+=($!)
"$logferry" worker --queue-url "$queue" --opensearch-url "$opensearch" --listen "127.0.0.1:$worker_port" >"$work/worker.log" 2>&1 & running+=($!)
deploy/grafana/generate.py --queries >"$work/queries"
python3 deploy/tests/prometheus/evaluate.py "http://127.0.0.1:$prometheus_port" "$work/queries" deploy/alerts/prometheus/logferry.yaml \
  || { tail -5 "$work/prometheus.log" "$work/worker.log" >&2; die "not every expression holds"; }
