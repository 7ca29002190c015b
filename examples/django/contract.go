// Package django holds the contract of the Django project in this folder.
package django

import _ "embed"

// Contract is what "manage.py centrirpc export" wrote: a source contract, with the
// methods comments.add and comments.list, for centrirpc.Forward.
//
//go:embed contract.json
var Contract []byte
