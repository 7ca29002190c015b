package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// pair is the server and the client of one system, and its Redis if it has one.
type pair struct {
	system         *system
	server, client *child
	redis          *redisProcess
	address        string
}

func startPair(ctx context.Context, s *system, profiles string) (p *pair, err error) {
	p = &pair{system: s}
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	if p.server, err = startChild("server "+s.name, profiles); err != nil {
		return p, err
	}
	start := order{Do: "start"}
	if s.serveRedis != nil {
		if p.redis, err = startRedis(ctx); err != nil {
			return p, err
		}
		start.Redis = p.redis.address
	}
	if err = p.server.do(ctx, start, &p.address); err != nil {
		return p, err
	}
	p.client, err = startChild("client "+s.name, profiles)
	return p, err
}

func (p *pair) stop() {
	for _, c := range []*child{p.client, p.server} {
		if c != nil {
			c.stop()
		}
	}
	if p.redis != nil {
		p.redis.stop()
	}
}

// used is what the server has used, and its Redis.
func (p *pair) used(ctx context.Context) (u usage, r redisUse, err error) {
	if err = p.server.do(ctx, order{Do: "usage"}, &u); err == nil && p.redis != nil {
		r, err = p.redis.used(ctx)
	}
	return u, r, err
}

// sample is one measurement of one system in one shape.
type sample struct {
	perSecond            float64
	p50, p99             time.Duration
	serverCPU, clientCPU time.Duration // a call
	allocs, bytes        float64       // a call, by the server
	clientAllocs         float64       // a call
	resident             int64         // bytes of the server's process, at the end
	redis                redisUse      // a call
}

func (p *pair) measure(ctx context.Context, sh shape, warm, length time.Duration) (sample, error) {
	var w window
	if err := p.client.do(ctx, order{Do: "open", Address: p.address, Shape: sh}, nil); err != nil {
		return sample{}, err
	}
	if err := p.client.do(ctx, order{Do: "load", For: warm}, &w); err != nil {
		return sample{}, err
	}
	before, redisBefore, err := p.used(ctx)
	if err != nil {
		return sample{}, err
	}
	if err := p.client.do(ctx, order{Do: "load", For: length}, &w); err != nil {
		return sample{}, err
	}
	after, redisAfter, err := p.used(ctx)
	if err != nil {
		return sample{}, err
	}
	if err := p.client.do(ctx, order{Do: "close"}, nil); err != nil {
		return sample{}, err
	}
	n := float64(w.Calls)
	if n == 0 {
		return sample{}, fmt.Errorf("%s, %s: no call within %s: give a longer -window", p.system.name, sh, length)
	}
	return sample{
		perSecond:    n / w.Elapsed.Seconds(),
		p50:          w.P50,
		p99:          w.P99,
		serverCPU:    time.Duration(float64(after.CPU-before.CPU) / n),
		clientCPU:    time.Duration(float64(w.Used.CPU) / n),
		allocs:       float64(after.Allocs-before.Allocs) / n,
		bytes:        float64(after.Bytes-before.Bytes) / n,
		clientAllocs: float64(w.Used.Allocs) / n,
		resident:     after.Resident,
		redis:        redisAfter.perCall(redisBefore, n),
	}, nil
}

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
	var pairs []*pair
	defer func() {
		for _, p := range pairs {
			p.stop()
		}
	}()
	for _, s := range systems {
		p, err := startPair(ctx, s, opts.profile)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, p)
	}
	rounds := make([]results, n)
	for i := range rounds {
		fmt.Fprintf(progress, "round %d of %d ...\n", i+1, n)
		rounds[i] = results{}
		for _, sh := range shapes {
			for j := range pairs {
				p := pairs[(i+j)%len(pairs)]
				s, err := p.measure(ctx, sh, opts.warm, opts.window)
				if err != nil {
					return nil, err
				}
				rounds[i][cell{p.system.name, sh}] = s
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
