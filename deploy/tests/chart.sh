#!/usr/bin/env bash
# Tests the Helm chart without a cluster: lint, rendering of a matrix of values, refusals, the schemas of the oldest and
# the newest Kubernetes, KEDA's and the Prometheus operator's CRDs, the profile "restricted", and the documents.
#   deploy/tests/chart.sh [TEST…]      such as test_refusals, or test_render.Rendered.test_no_replicas
# Needs Python 3.10 or newer and Go (which only downloads the CRDs). The first run downloads 90 MB.
source "$(dirname "$0")/lib.sh"

crds=$(crd_folders | paste -sd:)
python=$(python_with deploy/tests/chart/chart-requirements.txt)
cd deploy/tests/chart
began=$SECONDS
CRD_FOLDERS=$crds PYTHONDONTWRITEBYTECODE=1 "$python" -m unittest "${@:-discover}"
say "passed in $(elapsed "$began")"
