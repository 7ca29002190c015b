// Package typescript is the source of the TypeScript base client, so that the
// generator can put it into the folders it writes. The client itself is the npm
// package @centrirpc/client in this directory.
package typescript

import "embed"

// Source holds src/*.ts.
//
//go:embed src/*.ts
var Source embed.FS
