// Package codegen makes client packages from a contract, and puts them on disk.
//
// Generate is pure: the same contract gives the same bytes. Write and Check work
// on a directory that may hold other people's files too; those are never touched.
package codegen
