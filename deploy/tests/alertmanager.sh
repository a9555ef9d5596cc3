#!/usr/bin/env bash
# Checks deploy/alerts/alertmanager with amtool: each alert of our rules goes to the receiver of its severity, and no
# other alert pages. A real Alertmanager then shows which alerts the page about OpenSearch inhibits.
# The first run builds both (one CPU minute): Debian's Alertmanager does not run unpacked, and the modules of newer ones
# lack the files of their page.
#   ALERTMANAGER_PORT   Alertmanager's port on 127.0.0.1 (default 19253)
source "$(dirname "$0")/lib.sh"
need go python3 curl
module=github.com/prometheus/alertmanager version=v0.31.1 sum=h1:eAmIC42lzbWslHkMt693T36qdxfyZULswiHr681YS3Q=
programs=$DEPLOY_CACHE/alertmanager
build() {
  installed "$programs" $version && return
  local began=$SECONDS log=$work/build.log
  go_source $module $version "$sum" >/dev/null || exit
  say "building Alertmanager $version with $(go version | cut -d' ' -f3): once, a minute or more"
  ( cd / && GOBIN=$programs GOFLAGS="-modcacherw -buildvcs=false" nice -n 15 go install -trimpath -ldflags='-s -w' \
    $module/cmd/amtool@$version $module/cmd/alertmanager@$version ) >"$log" 2>&1 || { tail -5 "$log" >&2; skip "Alertmanager $version cannot be built"; }
  echo $version >"$programs/.stamp"
  say "built in $(elapsed "$began")"
}
installed "$programs" $version || with_lock deploy-alertmanager build
amtool=$programs/amtool alertmanager=$programs/alertmanager
python=$(python_with deploy/tests/chart/chart-requirements.txt)
config=deploy/alerts/alertmanager/alertmanager.yaml rules=deploy/alerts/prometheus/logferry.yaml
port=${ALERTMANAGER_PORT:-19253}

"$amtool" check-config "$config" >"$work/check.log" || { cat "$work/check.log" >&2; die "amtool refuses $config"; }
"$python" deploy/tests/prometheus/routes.py "$amtool" "$config" "$rules"
# The tests must be able to fail.
sed 's/receiver: logferry-pager/receiver: nobody/' "$config" >"$work/without-receiver.yaml"
must_fail "a receiver that does not exist" "$amtool" check-config "$work/without-receiver.yaml"
sed 's/severity = "page"/severity =~ "page|ticket"/' "$config" >"$work/tickets-page.yaml"
must_fail "a route on which tickets page" "$python" deploy/tests/prometheus/routes.py "$amtool" "$work/tickets-page.yaml" "$rules"
sed 's/alertname =~ "Logferry.+"/alertname =~ ".+"/' "$config" >"$work/others-page.yaml"
must_fail "a route on which alerts of others page" "$python" deploy/tests/prometheus/routes.py "$amtool" "$work/others-page.yaml" "$rules"
sed 's/severity: ticket/severity: tickets/' "$rules" >"$work/unknown-severity.yaml"
must_fail "a rule whose severity has no route" "$python" deploy/tests/prometheus/routes.py "$amtool" "$config" "$work/unknown-severity.yaml"

# Nothing leaves this machine: the files with the receivers' keys do not exist.
run=$(run_dir "$port") url=http://127.0.0.1:$port
trap 'stop_in "$run"' EXIT
trap 'exit 130' INT TERM
claim "$port"
launch "$run" "$alertmanager" --config.file="$project/$config" --storage.path="$run/data" --web.listen-address="127.0.0.1:$port" --cluster.listen-address=
await "$run" 30 curl -sf "$url/-/ready"
alert() { "$amtool" --alertmanager.url="$url" alert add "alertname=$1" "instance=$2" "severity=$3"; }
names() { # state: the alerts in this state, in order
  "$amtool" --alertmanager.url="$url" alert query "--$1" --output=json \
    | "$python" -c 'import json, sys; print(*sorted(a["labels"]["alertname"] + "@" + a["labels"]["instance"] for a in json.load(sys.stdin)))'
}
expect() { # state names
  [ "$(names "$1")" = "$2" ]
}
alert LogferryIndexDown a page
alert LogferryHolding a page
alert LogferryHolding b page
alert LogferryBulksUnanswered a ticket
alert LogferryDeadLetters a ticket
# Alertmanager takes alerts in one by one.
await "$run" 10 expect inhibited "LogferryBulksUnanswered@a LogferryHolding@a"
expect active "LogferryDeadLetters@a LogferryHolding@b LogferryIndexDown@a" || die "active are $(names active)"
say "the page about OpenSearch inhibits two alerts of the same worker, and no other"
