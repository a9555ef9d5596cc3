#!/usr/bin/env bash
# Checks the rules of deploy/alerts/prometheus with promtool, and runs them over series that must and must not fire.
source "$(dirname "$0")/lib.sh"
promtool=$(debian_program prometheus promtool)
"$promtool" check rules deploy/alerts/prometheus/*.yaml
"$promtool" test rules deploy/alerts/prometheus/tests/*.yaml
# The tests must be able to fail.
mkdir -p "$work/broken/tests"
sed 's/logferry_index_up == 0/logferry_index_up == 1/' deploy/alerts/prometheus/logferry.yaml >"$work/broken/logferry.yaml"
cp deploy/alerts/prometheus/tests/*.yaml "$work/broken/tests/"
must_fail "a rule with the wrong comparison" "$promtool" test rules "$work"/broken/tests/*.yaml
