// Command centrirpc makes contracts and typed clients from Go packages, mints
// tokens, and calls methods from the shell. Run "centrirpc help" for its
// commands.
package main

import "os"

func main() {
	os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
