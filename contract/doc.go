// Package contract is the language-neutral description of a router: its
// methods, channels, errors and types. Front ends write it (package gotypes from
// Go), generators, documentation and the server's own checks read it.
//
// Its canonical JSON, contract.json, is sorted and free of timestamps and
// positions that move, so that it is committed like a lock file and its diff is
// readable in review.
//
// The package imports the standard library only.
package contract
