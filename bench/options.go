package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// options are what the flags say.
type options struct {
	rounds  int
	window  time.Duration
	warm    time.Duration
	shapes  []shape
	systems []*system
	idle    int
	settle  time.Duration
	format  string
	limit   time.Duration
	profile string
	// store is how many rounds measure what remembering calls costs, nodes those
	// that measure several nodes.
	store, nodes int
	// django is how many rounds measure calls to Django.
	django int
	// generate is how often the clients of a contract of so many methods are
	// generated; compile has them compiled, too.
	generate int
	methods  int
	compile  bool
}

// shape is how many connections there are and how many calls each has in flight.
type shape struct {
	Connections int `json:"connections"`
	InFlight    int `json:"in_flight"`
}

func (s shape) String() string { return fmt.Sprintf("%dx%d", s.Connections, s.InFlight) }

var shapes = []shape{{1, 1}, {64, 1}, {1, 64}, {16, 16}}

func parseOptions(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 11, "how often everything is measured, in turn; 0 leaves the calls out")
	flags.DurationVar(&o.window, "window", 300*time.Millisecond, "how long one measurement lasts")
	flags.DurationVar(&o.warm, "warm", 100*time.Millisecond, "load before each measurement that is not counted")
	chosenShapes := flags.String("shapes", join(shapes, shape.String), "connections x calls in flight on each, comma-separated")
	chosenSystems := flags.String("systems", join(systems, func(s *system) string { return s.name }), "what to measure, comma-separated")
	flags.IntVar(&o.idle, "idle", 5000, "idle connections whose memory is measured; 0 leaves it out")
	flags.DurationVar(&o.settle, "settle", 8*time.Second, "how long the idle connections are left alone before they are measured")
	flags.StringVar(&o.format, "format", "markdown", "markdown or json")
	flags.IntVar(&o.store, "store", 7, "rounds that measure what remembering calls costs, in memory and in Redis; 0 leaves it out")
	flags.IntVar(&o.nodes, "nodes", 7, "rounds that measure one, two and three servers that share a Redis; 0 leaves them out")
	flags.IntVar(&o.django, "django", 7, "rounds that measure calls to Django, by HTTP and through Go (needs make setup); 0 leaves them out")
	only := flags.String("only", "", "leave out all parts but this one: calls, idle, store, nodes, django or generate")
	flags.DurationVar(&o.limit, "limit", 15*time.Minute, "give up after this long")
	flags.StringVar(&o.profile, "profile", "", "directory for CPU and allocation profiles of every process; they cost some of the speed")
	flags.IntVar(&o.generate, "generate", 7, "how often the clients of a large contract are generated; 0 leaves it out")
	flags.IntVar(&o.methods, "methods", 1000, "methods of that contract, which has three times as many types")
	flags.BoolVar(&o.compile, "compile", false, "compile what is generated, too (needs make setup)")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q; there are flags only, see -h", flags.Arg(0))
	}
	for name := range strings.SplitSeq(*chosenSystems, ",") {
		s := systemNamed(name)
		if s == nil {
			return nil, fmt.Errorf("-systems: there is no %q; there are %s", name, join(systems, func(s *system) string { return s.name }))
		}
		if !slices.Contains(o.systems, s) {
			o.systems = append(o.systems, s)
		}
	}
	for name := range strings.SplitSeq(*chosenShapes, ",") {
		var s shape
		if _, err := fmt.Sscanf(name, "%dx%d", &s.Connections, &s.InFlight); err != nil || s.String() != name || s.Connections < 1 || s.InFlight < 1 {
			return nil, fmt.Errorf("-shapes: %q is not connections x calls in flight, such as 16x16", name)
		}
		if s.InFlight > 250 {
			return nil, fmt.Errorf("-shapes: %q: at most 250 calls in flight on one connection, which all of the servers take by default", name)
		}
		o.shapes = append(o.shapes, s)
	}
	if err := o.leaveOut(*only); err != nil {
		return nil, err
	}
	switch {
	case o.generate < 0 || o.store < 0 || o.nodes < 0 || o.django < 0 || o.rounds < 0 || o.idle < 0 || o.warm < 0 || o.settle < 0:
		return nil, errors.New("-generate, -store, -nodes, -django, -rounds, -idle, -warm and -settle must not be negative")
	case o.window < 10*time.Millisecond:
		return nil, errors.New("-window must be at least 10ms")
	case o.format != "markdown" && o.format != "json":
		return nil, fmt.Errorf("-format: %q is neither markdown nor json", o.format)
	case o.methods < 10:
		return nil, errors.New("-methods must be at least 10")
	case o.compile && o.generate == 0:
		return nil, errors.New("-compile is for what is generated: give -generate too")
	case o.rounds == 0 && o.idle == 0 && o.store == 0 && o.nodes == 0 && o.django == 0 && o.generate == 0:
		return nil, errors.New("there is nothing to do: -rounds, -idle, -store, -nodes, -django or -generate must be more than 0, and that part not left out by -only")
	}
	return o, nil
}

// leaveOut leaves out all parts but one, if one is named.
func (o *options) leaveOut(allBut string) error {
	parts := map[string]*int{"calls": &o.rounds, "idle": &o.idle, "store": &o.store, "nodes": &o.nodes, "django": &o.django, "generate": &o.generate}
	if allBut != "" && parts[allBut] == nil {
		return fmt.Errorf("-only: there is no part %q; there are calls, idle, store, nodes, django and generate", allBut)
	}
	for name, size := range parts {
		if allBut != "" && name != allBut {
			*size = 0
		}
	}
	return nil
}

func join[T any](items []T, name func(T) string) string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = name(item)
	}
	return strings.Join(names, ",")
}
