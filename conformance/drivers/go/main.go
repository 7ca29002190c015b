// Command go runs conformance cases through the generated Go client: cases as
// JSON lines on standard input, outcomes as JSON lines on standard output.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"

	"github.com/centrirpc/centrirpc/client"
	conformanceclient "github.com/centrirpc/centrirpc/conformance/sdk/go"
)

func main() {
	protobuf := flag.Bool("protobuf", false, "speak the protobuf form of the protocol")
	flag.Parse()
	if err := serve(flag.Arg(0), flag.Arg(1), *protobuf); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(url, token string, protobuf bool) error {
	ctx := context.Background()
	d := &driver{shared: newSession(url, clientSpec{Token: token}, protobuf)}
	rpc, err := d.shared.client()
	if err != nil {
		return err
	}
	if err := rpc.Connect(ctx); err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	answers := json.NewEncoder(os.Stdout)
	answers.SetEscapeHTML(false)
	for lines.Scan() {
		var asked struct {
			Name   string      `json:"name"`
			Client *clientSpec `json:"client"`
			Steps  []step      `json:"steps"`
		}
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		s := d.shared
		if asked.Client != nil {
			s = newSession(url, *asked.Client, protobuf)
		}
		outcomes := d.sequence(ctx, s, asked.Steps)
		if s != d.shared {
			s.close()
		}
		if err := answers.Encode(map[string]any{"name": asked.Name, "outcomes": outcomes}); err != nil {
			return err
		}
	}
	d.shared.close()
	return lines.Err()
}

type driver struct{ shared *session }

func (d *driver) sequence(ctx context.Context, s *session, steps []step) []outcome {
	outcomes := make([]outcome, len(steps))
	for i, st := range steps {
		outcomes[i] = d.run(ctx, s, st)
	}
	return outcomes
}

func (d *driver) together(ctx context.Context, s *session, steps []step) []outcome {
	outcomes := make([]outcome, len(steps))
	first := make(chan struct{}, len(steps))
	done := make(chan struct{})
	for i, st := range steps {
		go func() {
			if st.AfterFirst {
				<-first
			}
			outcomes[i] = d.run(ctx, s, st)
			first <- struct{}{}
			done <- struct{}{}
		}()
	}
	for range steps {
		<-done
	}
	return outcomes
}

func (d *driver) run(ctx context.Context, own *session, st step) outcome {
	switch {
	case st.Together != nil:
		return outcome{Together: d.together(ctx, own, st.Together)}
	case st.Steps != nil:
		return outcome{Steps: d.sequence(ctx, own, st.Steps)}
	}
	s := own
	if st.On == "shared" {
		s = d.shared
	}
	rpc, err := s.client()
	if err != nil {
		return outcome{ClientError: "construction", Message: err.Error()}
	}
	switch {
	case st.Connect:
		return connected(rpc.Connect(ctx))
	case st.Disconnect:
		return done(rpc.Close())
	case st.AwaitState != "":
		awaitState(rpc, client.State(st.AwaitState))
		return outcome{OK: true}
	case st.Subscribe != "":
		return done(s.subscribe(ctx, st.Subscribe, cmp.Or(st.As, st.Subscribe), st.For))
	case st.Unsubscribe != "":
		s.unsubscribe(cmp.Or(st.As, st.Unsubscribe))
		return outcome{OK: true}
	case st.Events > 0:
		return outcome{Events: s.takeEvents(st.Events)}
	case st.Call == "" && st.Notify == "" && st.Stream == "":
		return outcome{Fault: "the driver does not know the step"}
	case st.UntilEvent:
		for {
			if o := s.call(ctx, st); !o.success() || s.eventArrives() {
				return o
			}
		}
	}
	return s.call(ctx, st)
}

func awaitState(rpc *client.CentrifugoRPCClient, state client.State) {
	reached := make(chan struct{})
	reach := sync.OnceFunc(func() { close(reached) })
	stop := rpc.OnState(func(now client.State) {
		if now == state {
			reach()
		}
	})
	defer stop()
	if rpc.State() == state {
		return
	}
	<-reached
}

var newAPIClient = conformanceclient.NewAPIClient
