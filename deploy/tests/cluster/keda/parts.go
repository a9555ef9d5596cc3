// Package parts names the programs of KEDA that the cluster test builds from the Go module proxy.
package parts

import (
	_ "github.com/kedacore/keda/v2/cmd/adapter"
	_ "github.com/kedacore/keda/v2/cmd/operator"
)
