// Package gotypes describes Go types in a contract, by reflection: what
// encoding/json writes for a value and reads into one is what the contract
// says. A type that it cannot describe faithfully is refused by name, with the
// way to fix it, never guessed at.
//
// Reflection sees neither comments nor constants: a named string or integer is
// an alias here. Package source reads those from the source code and adds them.
//
// The package is linked into every server, so it imports the standard library
// and package contract only.
package gotypes
