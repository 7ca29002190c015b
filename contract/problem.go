package contract

import "strings"

// Problem is one thing in a source that cannot be described, or cannot be
// printed in a language, with all a person needs to mend it.
type Problem struct {
	Method   string // "tasks.create", or empty if it concerns no single method
	Path     string // "params.items[].owner", or the name at fault
	Type     string // the source's name of the type, such as "chan int"
	Position string // "api/tasks.go:12" where known
	Reason   string // what is wrong
	Fix      string // what to do
}

// Error is the problem on one line.
func (p Problem) Error() string {
	var b strings.Builder
	add := func(prefix, text string) {
		if text == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(prefix + text)
	}
	add("", p.Position)
	add("method ", p.Method)
	add("", p.Path)
	if p.Type != "" {
		b.WriteString(" (" + p.Type + ")")
	}
	add("", p.Reason)
	if p.Fix != "" {
		b.WriteString("; " + p.Fix)
	}
	return b.String()
}

// Problems are all problems of one run, together one error.
type Problems []Problem

// Error lists the problems, a line each.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Err is ps as an error, or nil if there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}
