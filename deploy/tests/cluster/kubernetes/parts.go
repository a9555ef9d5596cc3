// Package parts names the programs of Kubernetes that the cluster test builds from the Go module proxy.
package parts

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
