#!/usr/bin/env bash
# Checks the rules of deploy/alerts/prometheus with promtool, and runs them over series that must and must not fire.
# promtool comes from Debian's package `prometheus`, which is unpacked and not installed: no service is started.
name=prometheus
source "$(dirname "$0")/lib.sh"
promtool=$(command -v promtool || echo "$work/usr/bin/promtool")
if [ ! -x "$promtool" ]; then
  need apt-get "promtool is missing, and this is no Debian: install Prometheus"
  need dpkg "it unpacks promtool"
  (cd "$work" && { apt-get download -q prometheus || { apt-get update -q && apt-get download -q prometheus; }; } && dpkg -x prometheus_*.deb .) \
    >"$work/apt.log" 2>&1 || { tail -3 "$work/apt.log" >&2; skip "Debian's package prometheus cannot be fetched"; }
fi
"$promtool" check rules deploy/alerts/prometheus/*.yaml
"$promtool" test rules deploy/alerts/prometheus/tests/*.yaml
# The tests must be able to fail.
mkdir -p "$work/broken/tests"
sed 's/logferry_index_up == 0/logferry_index_up == 1/' deploy/alerts/prometheus/logferry.yaml >"$work/broken/logferry.yaml"
cp deploy/alerts/prometheus/tests/*.yaml "$work/broken/tests/"
must_fail "a rule with the wrong comparison" "$promtool" test rules "$work"/broken/tests/*.yaml
