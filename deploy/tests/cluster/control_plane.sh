# A control plane without nodes: etcd, API server, controller manager, KEDA's operator and metrics adapter. All of them
# listen on 127.0.0.1. To be sourced after parts.sh; needs $base (the first of nine ports), $python and $crds.
plane=$DEPLOY_CACHE/cluster
run_base=$plane/run
plane_servers=()

# A certificate and its key.
certificate() { # name subject authority extension
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "$2" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -CAcreateserial -days 30 -out "$1.crt" -extfile <(printf '%s' "$4") 2>/dev/null
}
make_certificates() {
  local authority
  for authority in ca front-ca; do
    openssl req -x509 -newkey rsa:2048 -nodes -keyout $authority.key -out $authority.crt -days 30 -subj "/CN=$authority" 2>/dev/null
  done
  certificate server /CN=kube-apiserver ca "subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1"
  certificate admin /O=system:masters/CN=admin ca extendedKeyUsage=clientAuth
  certificate front /CN=front-proxy front-ca extendedKeyUsage=clientAuth
  certificate tls /CN=keda ca "subjectAltName=DNS:localhost,IP:127.0.0.1"
  openssl genrsa -out service-accounts.key 2048 2>/dev/null
  "$python" - "$base" <<'P'
import json, sys
cluster = {"server": f"https://127.0.0.1:{int(sys.argv[1]) + 2}", "certificate-authority": "ca.crt"}
user = {"client-certificate": "admin.crt", "client-key": "admin.key"}
context = {"cluster": "test", "user": "admin"}
named = lambda kind, value: [{"name": "test" if kind != "user" else "admin", kind: value}]
config = {"apiVersion": "v1", "kind": "Config", "current-context": "test", "clusters": named("cluster", cluster),
          "users": named("user", user), "contexts": named("context", context)}
json.dump(config, open("kubeconfig", "w"), indent=1)
P
}

plane_start() { # name port-to-claim seconds command-that-succeeds-when-it-runs -- command…
  local run ready=()
  server=$1
  claim "$2"; run=$(run_dir "$2")
  plane_servers+=("$1 $2")
  local seconds=$3
  shift 3
  while [ "$1" != -- ]; do ready+=("$1"); shift; done
  shift
  launch "$run" "$@"
  await "$run" "$seconds" "${ready[@]}"
  server=kubernetes
}
kube() { "$(dirname "$python")/kubectl" --kubeconfig "$plane/kubeconfig" "$@"; }

start_control_plane() { start_api_server; start_controllers; start_keda; }
start_api_server() {
  local run
  for run in "$plane"/run/*; do stop_in "$run"; done # of an interrupted run
  rm -rf "$plane"; mkdir -p "$plane/run"; cd "$plane"
  make_certificates
  plane_start etcd "$base" 30 port_taken "$base" -- "$(dirname "$python")/etcd" --data-dir "$plane/etcd" --unsafe-no-fsync \
    --listen-client-urls "http://127.0.0.1:$base" --advertise-client-urls "http://127.0.0.1:$base" --listen-peer-urls "http://127.0.0.1:$((base + 1))"
  plane_start kube-apiserver $((base + 2)) 120 kube get --raw /readyz -- "$parts/kube-apiserver" --etcd-servers="http://127.0.0.1:$base" \
    --bind-address=127.0.0.1 --secure-port=$((base + 2)) --advertise-address=127.0.0.1 --endpoint-reconciler-type=none \
    --tls-cert-file="$plane/server.crt" --tls-private-key-file="$plane/server.key" --client-ca-file="$plane/ca.crt" \
    --service-account-key-file="$plane/service-accounts.key" --service-account-signing-key-file="$plane/service-accounts.key" \
    --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=RBAC \
    --requestheader-client-ca-file="$plane/front-ca.crt" --requestheader-allowed-names=front-proxy \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- --proxy-client-cert-file="$plane/front.crt" --proxy-client-key-file="$plane/front.key"
  local folder
  for folder in ${crds//:/ }; do kube apply --server-side -f "$folder" >/dev/null; done
  cd "$project"
}
start_controllers() {
  # No controller that looks after nodes: there are none, and the test itself plays the kubelet.
  plane_start kube-controller-manager $((base + 3)) 60 port_taken $((base + 3)) -- "$parts/kube-controller-manager" \
    --kubeconfig="$plane/kubeconfig" --authentication-kubeconfig="$plane/kubeconfig" --authorization-kubeconfig="$plane/kubeconfig" \
    --bind-address=127.0.0.1 --secure-port=$((base + 3)) --cert-dir="$plane" --leader-elect=false \
    --service-account-private-key-file="$plane/service-accounts.key" --root-ca-file="$plane/ca.crt" \
    --horizontal-pod-autoscaler-sync-period=5s --controllers="deployment-controller,replicaset-controller,\
horizontal-pod-autoscaler-controller,garbage-collector-controller,namespace-controller,disruption-controller,\
endpointslice-controller,job-controller,cronjob-controller,serviceaccount-controller"
}
start_keda() {
  export KUBECONFIG=$plane/kubeconfig POD_NAMESPACE=keda POD_NAME=keda-operator WATCH_NAMESPACE="" \
    KEDA_HTTP_DEFAULT_TIMEOUT="" KEDA_CLUSTER_OBJECT_NAMESPACE=keda
  sed "s/ADAPTER_PORT/$((base + 7))/" "$project/deploy/tests/cluster/keda.yaml" | kube apply --server-side -f - >/dev/null
  # The certificates that KEDA's parts share.
  plane_start keda-operator $((base + 6)) 60 port_taken $((base + 6)) -- "$parts/keda-operator" \
    --metrics-bind-address=127.0.0.1:$((base + 4)) --health-probe-bind-address=127.0.0.1:$((base + 5)) \
    --metrics-service-bind-address=127.0.0.1:$((base + 6)) --cert-dir="$plane" --enable-apiservice-patching=false \
    --enable-webhook-patching=false --zap-log-level=info --zap-encoder=console
  plane_start keda-adapter $((base + 7)) 60 port_taken $((base + 7)) -- "$parts/keda-adapter" --secure-port=$((base + 7)) \
    --bind-address=127.0.0.1 --port=$((base + 8)) --metrics-service-address=localhost:$((base + 6)) --cert-dir="$plane" \
    --tls-cert-file="$plane/tls.crt" --tls-private-key-file="$plane/tls.key" --authentication-kubeconfig="$plane/kubeconfig" \
    --authorization-kubeconfig="$plane/kubeconfig" --lister-kubeconfig="$plane/kubeconfig"
}

stop_control_plane() {
  local i
  for ((i = ${#plane_servers[@]} - 1; i >= 0; i--)); do
    read -r server port <<<"${plane_servers[i]}"
    if [ -n "${KEEP_LOGS:-}" ] && [ -f "$(run_dir "$port")/log" ]; then cp "$(run_dir "$port")/log" "$plane/$server.log"; fi
    stop_in "$(run_dir "$port")"
  done
  server=kubernetes
}
