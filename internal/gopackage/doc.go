// Package gopackage reads the contract from a user's Go package: it finds the
// exported function that returns the router, builds a small program around it
// and runs that. Nothing is written into the user's directories.
package gopackage
