// Command plan reckons how many nodes and Redis servers a load needs, and which of
// their resources runs out first, from what a connection and a call were measured
// to cost. Every number that it reckons with is a flag. See SCALING.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command: 0 when there is a plan, 1 when the load does not fit what
// the flags say there is, 2 for wrong flags.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "plan:", err)
		return 2
	}
	p, err := newPlan(o)
	if err != nil {
		fmt.Fprintln(stderr, "plan:", err)
		return 1
	}
	if _, err := stdout.Write(p.text(o)); err != nil {
		fmt.Fprintln(stderr, "plan:", err)
		return 1
	}
	return 0
}
