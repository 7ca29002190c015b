package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract/diff"
)

func diffCommand() *command {
	return &command{
		name:    "diff",
		usage:   "OLD NEW [-allow PLACE|FILE] [-json] [-func NAME]",
		summary: "List what a new contract means to callers of an old one",
		text: `OLD and NEW are each a contract.json or a Go package. Callers have clients that
were generated from OLD, and talk to a server of NEW. Each change is one line:

  breaking       tasks.create params.due: required now
  compatible     tasks.create result.tags: new, required
  documentation  type Task: its documentation changed

A breaking change makes some call fail, or be misread; a compatible one shows on
the wire and does neither; documentation does not show there at all, nor does
the name of a type. What clients send is judged otherwise than what they read:
a field that is required now is breaking in params and compatible in a result.

-allow accepts a breaking change. It may be given several times, with a place
("tasks.create params.due"), a whole line as it is printed, or a file of such
lines; empty lines and lines that begin with # are passed over. What is accepted
and not there is reported, so that it can be removed.

Exit codes: 0 nothing breaking (or all of it allowed), 1 something breaking, 2 a
contract that cannot be read.

Examples:
  centrirpc diff released/contract.json ./api
  centrirpc diff old.json new.json -allow "tasks.delete" -allow accepted.txt
  git show v1.2.0:sdk/contract.json > old.json && centrirpc diff old.json ./api`,
		prepare: func(flags *flag.FlagSet) func(*environment, []string) (int, error) {
			var d comparison
			flags.StringVar(&d.contract.function, "func", "", "`name` of the function that returns the router, if a package has several")
			flags.Func("allow", "accept the breaking change at this `place`, or those listed in this file", d.allow)
			flags.BoolVar(&d.json, "json", false, "print JSON: {changes: [{class, subject, path, what, allowed}], breaking, compatible, documentation, allowed, unused_allowances}")
			return d.run
		},
	}
}

type comparison struct {
	contract   contractFlags
	json       bool
	allowances []string
}

// allow reads the flag's value: a file, if there is one of that name.
func (d *comparison) allow(value string) error {
	info, err := os.Stat(value)
	switch {
	case err == nil && info.Mode().IsRegular():
		data, err := os.ReadFile(value)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				d.add(line)
			}
		}
	case !strings.Contains(value, " ") && (strings.ContainsAny(value, `/\`) || strings.HasSuffix(value, ".txt")):
		return errors.New("there is no such file")
	case strings.TrimSpace(value) == "":
		return errors.New("give a place, such as \"tasks.create params.due\", or a file")
	default:
		d.add(strings.TrimSpace(value))
	}
	return nil
}

func (d *comparison) add(line string) {
	if rest, ok := strings.CutPrefix(line, string(diff.Breaking)+" "); ok {
		line = strings.TrimSpace(rest)
	}
	if !slices.Contains(d.allowances, line) {
		d.allowances = append(d.allowances, line)
	}
}

// judged is a change, and whether it is allowed.
type judged struct {
	diff.Change
	Allowed bool `json:"allowed,omitempty"`
}

type verdict struct {
	Changes       []judged `json:"changes"`
	Breaking      int      `json:"breaking"` // without the allowed ones
	Compatible    int      `json:"compatible"`
	Documentation int      `json:"documentation"`
	Allowed       int      `json:"allowed"`
	Unused        []string `json:"unused_allowances"`
}

func (d *comparison) run(e *environment, args []string) (int, error) {
	if len(args) != 2 {
		return usagef("give the old and the new contract, each a contract.json or a package such as ./api")
	}
	of := func(source string) contractFlags {
		if strings.HasSuffix(source, ".json") {
			return contractFlags{} // -func is for the package beside it
		}
		return d.contract
	}
	oldFlags, newFlags := of(args[0]), of(args[1])
	if d.contract.function != "" && oldFlags.function == "" && newFlags.function == "" {
		return usagef("-func is for Go packages: both are contracts already")
	}
	old, err := oldFlags.read(e, args[0])
	if err != nil {
		return exitUsage, err
	}
	new, err := newFlags.read(e, args[1])
	if err != nil {
		return exitUsage, err
	}
	v := d.judge(diff.Compare(old, new))
	if d.json {
		err = v.printJSON(e)
	} else {
		err = v.print(e)
	}
	switch {
	case err != nil:
		return exitUsage, fmt.Errorf("writing the changes: %w", err)
	case v.Breaking > 0:
		return exitFailed, nil
	}
	return exitOK, nil
}

func (d *comparison) judge(changes []diff.Change) verdict {
	v := verdict{Changes: []judged{}, Unused: []string{}}
	used := map[string]bool{}
	for _, c := range changes {
		j := judged{Change: c}
		switch c.Class {
		case diff.Breaking:
			for _, line := range []string{c.Place(), c.String()} {
				if slices.Contains(d.allowances, line) {
					used[line], j.Allowed = true, true
				}
			}
			if j.Allowed {
				v.Allowed++
			} else {
				v.Breaking++
			}
		case diff.Compatible:
			v.Compatible++
		case diff.Documentation:
			v.Documentation++
		}
		v.Changes = append(v.Changes, j)
	}
	for _, a := range d.allowances {
		if !used[a] {
			v.Unused = append(v.Unused, a)
		}
	}
	return v
}

func (v *verdict) printJSON(e *environment) error {
	encoder := json.NewEncoder(e.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func (v *verdict) print(e *environment) error {
	var b strings.Builder
	for _, c := range v.Changes {
		class := string(c.Class)
		if c.Allowed {
			class = "allowed"
		}
		fmt.Fprintf(&b, "%-13s  %s\n", class, c)
	}
	if len(v.Changes) > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%d breaking, %d compatible, %d documentation", v.Breaking, v.Compatible, v.Documentation)
	if v.Allowed > 0 {
		fmt.Fprintf(&b, ", %d allowed", v.Allowed)
	}
	b.WriteString("\n")
	for _, a := range v.Unused {
		fmt.Fprintf(e.stderr, "centrirpc: allowed but not there: %s\n", a)
	}
	_, err := e.stdout.Write([]byte(b.String()))
	return err
}
