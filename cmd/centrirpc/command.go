package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// command is one of the program's commands.
type command struct {
	name    string
	usage   string // the arguments: "PKG -o DIR"
	summary string // one line
	text    string // more, with examples
	// prepare defines the flags and returns what runs after they were read.
	prepare func(*flag.FlagSet) func(e *environment, args []string) (code int, err error)
}

func commands() []*command {
	return []*command{generateCommand(), contractCommand(), diffCommand(), docsCommand(), centrifugoConfigCommand(), tokenCommand(), callCommand(), versionCommand()}
}

func find(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return c
		}
	}
	return nil
}

func commandNames() []string {
	names := []string{"help"}
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

func (c *command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n\nUsage: centrirpc %s %s\n", c.summary, c.name, c.usage)
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(&b)
	c.prepare(flags)
	if c.text != "" {
		b.WriteString("\n" + strings.TrimSpace(c.text) + "\n")
	}
	any := false
	flags.VisitAll(func(*flag.Flag) { any = true })
	if any {
		b.WriteString("\nFlags:\n")
		flags.PrintDefaults()
	}
	return b.String()
}

// parse reads flags that stand before, between or after the arguments. Behind
// "--" everything is an argument.
func parse(flags *flag.FlagSet, args []string) (positional []string, err error) {
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	for {
		if err := flags.Parse(args); err != nil {
			return nil, explain(flags, err)
		}
		rest := flags.Args()
		if len(rest) == 0 {
			return positional, nil
		}
		if at := len(args) - len(rest); at > 0 && args[at-1] == "--" {
			return append(positional, rest...), nil
		}
		positional = append(positional, rest[0])
		args = rest[1:]
	}
}

func explain(flags *flag.FlagSet, err error) error {
	name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !ok {
		return err
	}
	var known []string
	flags.VisitAll(func(f *flag.Flag) { known = append(known, f.Name) })
	return errors.New(unknown("flag", "-"+strings.TrimLeft(name, "-"), dashed(known)))
}

func dashed(names []string) []string {
	dashed := make([]string, len(names))
	for i, name := range names {
		dashed[i] = "-" + name
	}
	return dashed
}

// unknown says that there is no such thing, and which one may have been meant.
func unknown(what, name string, known []string) string {
	message := fmt.Sprintf("there is no %s %s", what, name)
	if near := nearest(name, known); near != "" {
		message += "; did you mean " + near + "?"
	}
	return message
}

// nearest is the name with the fewest changes, if these are few enough for a
// slip of the fingers, or one that begins like it.
func nearest(name string, known []string) string {
	best, distance := "", 1+max(1, len(strings.Trim(name, "-"))/3)
	for _, candidate := range slices.Sorted(slices.Values(known)) {
		if d := changes(strings.ToLower(name), candidate); d < distance {
			best, distance = candidate, d
		}
	}
	if best == "" && len(strings.Trim(name, "-")) >= 2 {
		for _, candidate := range slices.Sorted(slices.Values(known)) {
			if strings.HasPrefix(candidate, name) || strings.HasPrefix(name, candidate) && len(strings.Trim(candidate, "-")) > 2 {
				return candidate
			}
		}
	}
	return best
}

// changes is how many characters must be inserted, removed or replaced to turn a
// into b.
func changes(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above+1, row[j]+1, diagonal+cost)
			diagonal = above
		}
	}
	return row[len(b)]
}

// one is the only argument.
func one(args []string, what string) (string, error) {
	switch {
	case len(args) == 0:
		return "", usageError("give " + what)
	case len(args) > 1:
		return "", usageError(fmt.Sprintf("give %s only, not also %q", what, args[1:]))
	}
	return args[0], nil
}
