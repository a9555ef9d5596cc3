#!/usr/bin/env bash
# The OpenTelemetry Collector's own OTLP receiver takes the metrics and traces of a real run; what arrives is compared
# with the run. Then the receiver is gone, and the run must end as well as without it.
#   LOGFERRY_BIN   the binary (default target/debug/logferry)
# Needs Go 1.26: the first run builds the receiver.
name=otlp
source "$(dirname "$0")/lib.sh"
need go "it builds the OTLP receiver of the OpenTelemetry Collector"
need python3 "it compares"
logferry=$(realpath "${LOGFERRY_BIN:-target/debug/logferry}")
[ -x "$logferry" ] || skip "there is no $logferry: cargo build"
receiver=$work/receiver
(cd deploy/tests/otlp && go build -trimpath -o "$receiver" .) || skip "the OTLP receiver cannot be built"
exec python3 deploy/tests/otlp/compare.py "$logferry" "$receiver" "$work"
