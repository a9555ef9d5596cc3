#!/usr/bin/env bash
# Runs the AWS commands of the chart's README, from an empty account to the first notification, against moto.
#   README_PORT   moto's port on 127.0.0.1 (default 19979)
# Not run: the image (docker, ECR), EKS, and what kubectl and helm do there: deploy/tests/kubernetes.sh has a cluster.
source "$(dirname "$0")/lib.sh"
port=${README_PORT:-19979}
python=$(python_with "deploy/tests/readme/readme-requirements.txt")
work=$(mktemp -d)
finish() { stack/moto stop "$port"; rm -rf "$work"; }
trap finish EXIT
trap 'exit 130' INT TERM
AWS_ENDPOINT_URL=$(stack/moto start "$port")
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none
export PATH="$(dirname "$python"):$PATH" AWS_PAGER=

readme=deploy/helm/logferry/README.md
upload=$(grep -m1 'ERROR the first log line' "$readme")
{
  # Version 1 of `aws`, the one on PyPI, takes the endpoint of SQS from nothing but this flag.
  echo 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
  "$python" deploy/tests/readme/blocks.py "$readme" \
    "From an empty cluster to the first documents" "2. Bucket and queue" "3. Who the worker is:1"
  echo "$upload"
  # What the README's reader sees, if all is well: the bucket has told the queue.
  cat <<'C'
aws sqs receive-message --queue-url "$QUEUE_URL" --max-number-of-messages 10 >received.json
grep -q '\\"key\\": \?\\"first/hello.log\\"\|first%2Fhello.log' received.json || { cat received.json >&2; exit 1; }
aws sqs get-queue-attributes --queue-url "$QUEUE_URL" --attribute-names All >attributes.json
grep -q "$QUEUE-dead" attributes.json && grep -q '"VisibilityTimeout": "300"' attributes.json
aws iam get-role-policy --role-name logferry --policy-name logferry | grep -q sqs:DeleteMessage
C
} >"$work/commands.sh"
( cd "$work" && bash -euo pipefail commands.sh ) || die "the commands of the README fail (above: why)"
say "the README's commands lead from an empty account to the first notification"
