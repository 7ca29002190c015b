package main

import (
	"context"
	"fmt"
	"io"
)

// measureCalls measures the systems that the options choose.
func measureCalls(ctx context.Context, opts *options, progress io.Writer) ([]row, error) {
	rounds, err := measureRounds(ctx, opts.systems, opts.shapes, opts.rounds, opts, progress)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, sh := range opts.shapes {
		for _, s := range opts.systems {
			rows = append(rows, newRow(s, sh, rounds))
		}
	}
	return rows, nil
}

// measureRounds measures every system in every shape, n rounds one after another.
// Within a round the systems follow one another closely, so that what else the
// machine does meets all of them; each round begins with another one.
func measureRounds(ctx context.Context, systems []*system, shapes []shape, n int, opts *options, progress io.Writer) ([]results, error) {
	var groups []*group
	defer func() {
		for _, g := range groups {
			g.stop()
		}
	}()
	for _, s := range systems {
		g, err := startGroup(ctx, s, opts.profile)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	rounds := make([]results, n)
	for i := range rounds {
		fmt.Fprintf(progress, "round %d of %d ...\n", i+1, n)
		rounds[i] = results{}
		for _, sh := range shapes {
			for j := range groups {
				g := groups[(i+j)%len(groups)]
				s, err := g.measure(ctx, sh, opts.warm, opts.window)
				if err != nil {
					return nil, err
				}
				rounds[i][cell{g.system.name, sh}] = s
			}
		}
	}
	return rounds, nil
}

// results are the samples of one round.
type results map[cell]sample

type cell struct {
	system string
	shape  shape
}
