package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// report is everything that was measured.
type report struct {
	Machine  machine `json:"machine"`
	Rounds   int     `json:"rounds"`
	WindowMS int64   `json:"window_ms"`
	Calls    []row   `json:"calls,omitempty"`
	Idle     *idle   `json:"idle,omitempty"`
	// IdleRedis is the same of one of several nodes; nil where Redis is missing.
	IdleRedis *idle `json:"idle_redis,omitempty"`

	Store      *storeCost  `json:"store,omitempty"`
	Nodes      *nodesCost  `json:"nodes,omitempty"`
	Django     *djangoCost `json:"django,omitempty"`
	Generation *generation `json:"generation,omitempty"`
}

// row is one system in one shape: medians over the rounds. The ratios are taken
// within each round, and of them the median.
type row struct {
	System string `json:"system"`
	Title  string `json:"title"`
	Shape  shape  `json:"shape"`

	PerSecond    float64 `json:"calls_per_second"`
	P50          float64 `json:"p50_us"`
	P99          float64 `json:"p99_us"`
	ServerCPU    float64 `json:"server_cpu_us"`
	ClientCPU    float64 `json:"client_cpu_us"`
	ServerAllocs float64 `json:"server_allocs"`
	ServerBytes  float64 `json:"server_bytes"`
	ClientAllocs float64 `json:"client_allocs"`
	// ServerResident is what the server's process holds at the end of a
	// measurement, in bytes: it remembers the calls of those before, too.
	ServerResident float64 `json:"server_resident"`

	// ToNative is calls per second divided by native RPC's over the same
	// transport, Correlated divided by those of correlated calls over JSON. Null
	// where the other was not measured.
	ToNative     *ratio `json:"to_native,omitempty"`
	ToCorrelated *ratio `json:"to_correlated,omitempty"`
	// The same by CPU time: the calls that a second of CPU, of server and client
	// together, pays for. Other programs on the machine change it less.
	ToNativeByCPU     *ratio `json:"to_native_by_cpu,omitempty"`
	ToCorrelatedByCPU *ratio `json:"to_correlated_by_cpu,omitempty"`
}

// ratio is the median of the rounds' ratios, and between what the middle half of
// them lies.
type ratio struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

func newRow(s *system, sh shape, rounds []results) row {
	of := medianOf(s, sh, rounds)
	r := row{
		System: s.name, Title: s.title, Shape: sh,
		PerSecond:    of(perSecond),
		P50:          of(func(s sample) float64 { return us(s.p50) }),
		P99:          of(func(s sample) float64 { return us(s.p99) }),
		ServerCPU:    of(func(s sample) float64 { return us(s.serverCPU) }),
		ClientCPU:    of(func(s sample) float64 { return us(s.clientCPU) }),
		ServerAllocs: of(func(s sample) float64 { return s.allocs }),
		ServerBytes:  of(func(s sample) float64 { return s.bytes }),
		ClientAllocs: of(func(s sample) float64 { return s.clientAllocs }),

		ServerResident: of(func(s sample) float64 { return float64(s.resident) }),
	}
	if s.against != "" {
		r.ToNative = ratioTo(s.name, s.against, sh, rounds, perSecond)
		r.ToNativeByCPU = ratioTo(s.name, s.against, sh, rounds, perCPU)
	}
	if s.name != "correlated" {
		r.ToCorrelated = ratioTo(s.name, "correlated", sh, rounds, perSecond)
		r.ToCorrelatedByCPU = ratioTo(s.name, "correlated", sh, rounds, perCPU)
	}
	return r
}

// medianOf gives the median over the rounds of what a sample says.
func medianOf(s *system, sh shape, rounds []results) func(func(sample) float64) float64 {
	return func(value func(sample) float64) float64 {
		values := make([]float64, len(rounds))
		for i, r := range rounds {
			values[i] = value(r[cell{s.name, sh}])
		}
		return median(values)
	}
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func perSecond(s sample) float64 { return s.perSecond }

func perCPU(s sample) float64 {
	redis := time.Duration(s.redis.CPU * float64(time.Microsecond))
	return 1 / (s.serverCPU + s.clientCPU + redis).Seconds()
}

func ratioTo(system, other string, sh shape, rounds []results, value func(sample) float64) *ratio {
	values := make([]float64, 0, len(rounds))
	for _, r := range rounds {
		base, ok := r[cell{other, sh}]
		if !ok {
			return nil
		}
		values = append(values, value(r[cell{system, sh}])/value(base))
	}
	slices.Sort(values)
	quarter := len(values) / 4
	return &ratio{Median: median(values), Low: values[quarter], High: values[len(values)-1-quarter]}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

func (r *report) write(w io.Writer, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	_, err := w.Write(r.markdown())
	return err
}

func (r *report) markdown() []byte {
	m := r.Machine
	b := fmt.Appendf(nil, "%s, %d cores, %s, %s; load average at the start %s", m.CPU, m.Cores, m.System, m.Go, m.Load)
	if len(r.Calls) > 0 {
		b = fmt.Appendf(b, "; medians of %d rounds of %d ms", r.Rounds, r.WindowMS)
	}
	b = append(b, '\n')
	if len(r.Calls) > 0 {
		b = append(b, "\n### Calls\n\n| connections × in flight | system | calls/s | ÷ native RPC | by CPU | ÷ correlated JSON | by CPU | p50 µs | p99 µs | server CPU µs/call | client CPU µs/call | server allocs/call | server bytes/call | client allocs/call |\n"...)
		b = append(b, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"...)
		for _, c := range r.Calls {
			b = fmt.Appendf(b, "| %d × %d | %s | %.0f | %s | %s | %s | %s | %.0f | %.0f | %.1f | %.1f | %.1f | %.0f | %.1f |\n",
				c.Shape.Connections, c.Shape.InFlight, c.Title, c.PerSecond, c.ToNative, c.ToNativeByCPU, c.ToCorrelated, c.ToCorrelatedByCPU,
				c.P50, c.P99, c.ServerCPU, c.ClientCPU, c.ServerAllocs, c.ServerBytes, c.ClientAllocs)
		}
	}
	if r.Idle != nil {
		b = append(b, "\n### Idle connections\n"...)
	}
	for _, i := range []*idle{r.Idle, r.IdleRedis} {
		if i != nil {
			b = append(b, i.markdown()...)
		}
	}
	if r.Store != nil {
		b = append(b, r.Store.markdown(r.WindowMS)...)
	}
	if r.Nodes != nil {
		b = append(b, r.Nodes.markdown(r.WindowMS)...)
	}
	if r.Django != nil {
		b = append(b, r.Django.markdown(r.WindowMS)...)
	}
	if r.Generation != nil {
		b = append(b, r.Generation.markdown()...)
	}
	return b
}

// String is the median with the range of the middle half.
func (r *ratio) String() string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", r.Median, r.Low, r.High)
}
