# Builds the programs of Kubernetes and KEDA from the Go module proxy; to be sourced after lib.sh.
# 20 to 33 CPU minutes and 10 GB of disk, once: afterwards only the programs are kept (530 MB).
parts=$DEPLOY_CACHE/bin
modules=$project/deploy/tests/cluster

build_parts() {
  local stamp
  stamp=$(stamp_of "$modules"/*/go.mod "$modules"/*/go.sum "$modules"/*/parts.go)
  installed "$parts" "$stamp" || with_lock deploy-parts make_parts "$stamp"
}
make_parts() { # stamp
  installed "$parts" "$1" && return
  need go
  local began=$SECONDS keda version linked
  say "building Kubernetes and KEDA with $(go version | cut -d' ' -f3): once, half an hour or more"
  mkdir -p "$parts" "$DEPLOY_CACHE/go"
  export GOMODCACHE=$DEPLOY_CACHE/go/mod GOCACHE=$DEPLOY_CACHE/go/build GOFLAGS="-p=1 -buildvcs=false -modcacherw"
  # Helm asks the server for its version, which only a build of Kubernetes' own makes known.
  version=$(cd "$modules/kubernetes" && go list -m -f '{{.Version}}' k8s.io/kubernetes)
  linked="-X k8s.io/component-base/version.gitVersion=$version -X k8s.io/component-base/version.gitMajor=1"
  linked+=" -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$version")"
  part kubernetes k8s.io/kubernetes/cmd/kube-apiserver kube-apiserver
  part kubernetes k8s.io/kubernetes/cmd/kube-controller-manager kube-controller-manager
  part keda github.com/kedacore/keda/v2/cmd/operator keda-operator
  # The adapter offers no way to bind its metrics to one address: this line of its main.go is changed, in a copy that
  # only the build sees, as a package of our module.
  keda=$(cd "$modules/keda" && go list -m -f '{{.Dir}}' github.com/kedacore/keda/v2)/cmd/adapter/main.go
  grep -q 'fmt.Sprintf(":%v", metricsAPIServerPort)' "$keda" || die "KEDA's adapter binds its metrics in another way: see $keda"
  sed 's/fmt.Sprintf(":%v", metricsAPIServerPort)/fmt.Sprintf("127.0.0.1:%v", metricsAPIServerPort)/' "$keda" >"$DEPLOY_CACHE/go/adapter.go"
  echo "{\"Replace\": {\"$modules/keda/adapter/main.go\": \"$DEPLOY_CACHE/go/adapter.go\"}}" >"$DEPLOY_CACHE/go/overlay.json"
  part keda ./adapter keda-adapter -overlay "$DEPLOY_CACHE/go/overlay.json"
  rm -rf "$DEPLOY_CACHE/go"
  unset GOMODCACHE GOCACHE GOFLAGS
  echo "$1" >"$parts/.stamp"
  say "built in $(elapsed "$began")"
}
part() { # folder-of-go.mod package program flags…
  local began=$SECONDS
  ( cd "$modules/$1" && nice -n 19 go build -trimpath -ldflags="-s -w $linked" "${@:4}" -o "$parts/$3" "$2" ) || die "$3 cannot be built (above: why)"
  say "built $3 in $(elapsed "$began")"
}
