// Package python embeds the source of the Python base client, which the
// generator copies into each client it writes.
package python

import "embed"

// Source holds centrirpc/rpc_*.py: the base client's modules, which import one
// another relatively and so work in any package.
//
//go:embed centrirpc/rpc_*.py
var Source embed.FS
