package main

import (
	"context"
	"fmt"
	"io"
)

// djangoCost is what a call to Django costs, by HTTP and through Go.
type djangoCost struct {
	Rounds int         `json:"rounds"`
	Rows   []djangoRow `json:"rows"`
}

// djangoRow is one of djangoSystems in one shape: medians over the rounds.
type djangoRow struct {
	System string `json:"system"`
	Title  string `json:"title"`
	Shape  shape  `json:"shape"`

	PerSecond float64 `json:"calls_per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	ServerCPU float64 `json:"server_cpu_us"` // of Django, and of the Go server where there is one
	ClientCPU float64 `json:"client_cpu_us"`

	// ToView is calls per second divided by those to the view by HTTP. By CPU, of
	// all processes.
	ToView      *ratio `json:"to_view,omitempty"`
	ToViewByCPU *ratio `json:"to_view_by_cpu,omitempty"`
}

// measureDjango measures calls to Django.
func measureDjango(ctx context.Context, opts *options, progress io.Writer) (*djangoCost, error) {
	rounds, err := measureRounds(ctx, djangoSystems, djangoShapes, opts.django, opts, progress)
	if err != nil {
		return nil, err
	}
	cost := &djangoCost{Rounds: opts.django}
	for _, sh := range djangoShapes {
		for _, s := range djangoSystems {
			of := medianOf(s, sh, rounds)
			r := djangoRow{
				System: s.name, Title: s.title, Shape: sh,
				PerSecond: of(perSecond),
				P50:       of(func(s sample) float64 { return us(s.p50) }),
				P99:       of(func(s sample) float64 { return us(s.p99) }),
				ServerCPU: of(func(s sample) float64 { return us(s.serverCPU) }),
				ClientCPU: of(func(s sample) float64 { return us(s.clientCPU) }),
			}
			if s.against != "" {
				r.ToView = ratioTo(s.name, s.against, sh, rounds, perSecond)
				r.ToViewByCPU = ratioTo(s.name, s.against, sh, rounds, perCPU)
			}
			cost.Rows = append(cost.Rows, r)
		}
	}
	return cost, nil
}

func (c *djangoCost) markdown(windowMS int64) []byte {
	b := fmt.Appendf(nil, "\n### Calls to Django\n\nDjango under uvicorn, one worker; medians of %d rounds of %d ms.\n\n", c.Rounds, windowMS)
	b = append(b, "| connections × in flight | call | calls/s | ÷ the view | by CPU | p50 µs | p99 µs | servers' CPU µs/call | client CPU µs/call |\n"...)
	b = append(b, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"...)
	for _, r := range c.Rows {
		b = fmt.Appendf(b, "| %d × %d | %s | %.0f | %s | %s | %.0f | %.0f | %.0f | %.0f |\n",
			r.Shape.Connections, r.Shape.InFlight, r.Title, r.PerSecond, r.ToView, r.ToViewByCPU, r.P50, r.P99, r.ServerCPU, r.ClientCPU)
	}
	return b
}
