// Package sdk holds what is generated from the conformance suite's router: its
// contract and a client for each language.
package sdk

import _ "embed"

// Contract is the contract.json of the router of conformance/api.
//
//go:embed contract.json
var Contract []byte
