// Package layering holds the rules of which package may import which, and the
// test that keeps them. ARCHITECTURE.md says the same in prose.
package layering
