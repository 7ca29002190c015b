// Command go starts calls as a fault test asks for and tells how each ended; see
// the doc of package faults.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/centrirpc/centrirpc/client"
)

type command struct {
	Start      string          `json:"start"`
	Key        string          `json:"key"`
	Method     string          `json:"method"`
	Params     json.RawMessage `json:"params"`
	TimeoutMS  int64           `json:"timeout_ms"`
	Idempotent bool            `json:"idempotent"`
	Volatile   bool            `json:"volatile"`
	Take       int             `json:"take"`
	PauseMS    int64           `json:"pause_ms"`
	Hold       int             `json:"hold"`
	GoOn       string          `json:"go_on"`
	Cancel     string          `json:"cancel"`
	Stats      string          `json:"stats"`
	Close      bool            `json:"close"`
	Subscribe  string          `json:"subscribe"`
}

type told map[string]any

type driver struct {
	rpc *client.CentrifugoRPCClient

	mu      sync.Mutex
	keys    map[string]string // by correlation id
	cancels map[string]context.CancelFunc
	held    map[string]chan struct{} // streams that are told to go on
	out     *json.Encoder
}

func (d *driver) say(what told) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.out.Encode(what)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	silence, err := strconv.ParseFloat(os.Args[3], 64)
	if err != nil {
		return err
	}
	before := runtime.NumGoroutine()
	d := &driver{keys: map[string]string{}, cancels: map[string]context.CancelFunc{}, held: map[string]chan struct{}{}, out: json.NewEncoder(os.Stdout)}
	d.rpc, err = client.NewCentrifugoRPCClient(os.Args[1], os.Args[2], "",
		client.WithSilence(time.Duration(silence*float64(time.Second))), client.WithReconnectDelay(20*time.Millisecond, 300*time.Millisecond))
	if err != nil {
		return err
	}
	if os.Getenv("FRAMES") != "0" {
		d.rpc.OnFrame(d.observe)
	}
	d.rpc.OnState(func(s client.State) { d.say(told{"state": s}) })
	if err := d.rpc.Connect(context.Background()); err != nil {
		return err
	}
	d.say(told{"ready": true, "left": before})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		d.obey(c)
	}
	return d.rpc.Close()
}

func (d *driver) observe(f client.Frame) {
	d.mu.Lock()
	if f.Kind == client.FramePublish {
		var request struct {
			Params struct {
				Say string `json:"say"`
			} `json:"params"`
		}
		_ = json.Unmarshal(f.Data, &request)
		d.keys[f.CorrelationID] = request.Params.Say
	}
	key, known := d.keys[f.CorrelationID]
	d.mu.Unlock()
	switch f.Kind {
	case client.FrameAck, client.FrameResend, client.FrameCancel:
		if known {
			d.say(told{"frame": f.Kind, "key": key})
		}
	}
}

func (d *driver) obey(c command) {
	switch {
	case c.Start != "":
		ctx, cancel := context.WithCancel(context.Background())
		d.mu.Lock()
		d.cancels[c.Key] = cancel
		if c.Hold > 0 {
			d.held[c.Key] = make(chan struct{})
		}
		d.mu.Unlock()
		go func() {
			end := d.outcome(ctx, c)
			end["done"] = c.Key
			d.mu.Lock()
			delete(d.cancels, c.Key)
			d.mu.Unlock()
			cancel()
			d.say(end)
		}()
	case c.Cancel != "":
		d.mu.Lock()
		cancel := d.cancels[c.Cancel]
		d.mu.Unlock()
		if cancel != nil {
			cancel()
		}
	case c.GoOn != "":
		d.mu.Lock()
		close(d.held[c.GoOn])
		d.mu.Unlock()
	case c.Stats != "":
		d.say(told{"stats": c.Stats, "pending": d.rpc.PendingCalls(), "left": runtime.NumGoroutine()})
	case c.Subscribe != "":
		go func() {
			if _, err := d.rpc.Subscribe(context.Background(), c.Subscribe, d.hear); err != nil {
				end := failure(err)
				end["done"] = c.Subscribe
				d.say(end)
				return
			}
			d.say(told{"done": c.Subscribe, "result": "subscribed"})
		}()
	case c.Close:
		_ = d.rpc.Close()
		d.say(told{"closed": true})
	}
}

// hear tells of an event.
func (d *driver) hear(e client.Event) {
	var news did
	if err := e.Decode(&news); err != nil {
		d.say(told{"frame": "event", "key": err.Error()})
		return
	}
	d.say(told{"frame": "event", "key": news.Say})
}

type did struct {
	Say  string `json:"say"`
	Sent int    `json:"sent"`
}

type item struct {
	I int `json:"i"`
}

func (d *driver) outcome(ctx context.Context, c command) told {
	var opts []client.CallOption
	if c.TimeoutMS > 0 {
		opts = append(opts, client.WithTimeout(time.Duration(c.TimeoutMS)*time.Millisecond))
	}
	if c.Idempotent {
		opts = append(opts, client.Idempotent())
	}
	if c.Volatile {
		opts = append(opts, client.Volatile())
	}
	switch c.Start {
	case "notify":
		if err := d.rpc.Notify(ctx, c.Method, c.Params, opts...); err != nil {
			return failure(err)
		}
		return told{"result": "accepted"}
	case "stream":
		return d.stream(ctx, c, opts)
	}
	var result did
	if err := d.rpc.Call(ctx, c.Method, c.Params, &result, opts...); err != nil {
		return failure(err)
	}
	return told{"result": result.Say}
}

func (d *driver) stream(ctx context.Context, c command, opts []client.CallOption) told {
	stream := client.Stream[item, did](ctx, d.rpc, c.Method, c.Params, opts...)
	defer stream.Close()
	seen := 0
	for it, err := range stream.Items() {
		if err != nil {
			end := failure(err)
			end["items"] = seen
			return end
		}
		if it.I != seen {
			return told{"fault": fmt.Sprintf("item %d where %d was due", it.I, seen)}
		}
		seen++
		if c.PauseMS > 0 && seen%16 == 0 {
			time.Sleep(time.Duration(c.PauseMS) * time.Millisecond)
		}
		if seen == c.Hold {
			d.mu.Lock()
			goOn := d.held[c.Key]
			d.mu.Unlock()
			d.say(told{"frame": "held", "key": c.Key})
			<-goOn
		}
		if seen == c.Take {
			return told{"result": "left", "items": seen}
		}
	}
	result, err := stream.Result()
	if err != nil {
		end := failure(err)
		end["items"] = seen
		return end
	}
	return told{"result": result.Say, "items": seen, "sent": result.Sent}
}

// failure names an error as the other languages' classes are called.
func failure(err error) told {
	if failed, ok := errors.AsType[*client.ServerError](err); ok {
		return told{"error": failed.Reason}
	}
	for class, made := range map[string]error{
		"CallTimeoutError": client.ErrTimeout, "CallAbortedError": client.ErrAborted, "ConnectionLostError": client.ErrConnectionLost,
		"ClientClosedError": client.ErrClosed, "NotConnectedError": client.ErrNotConnected, "RequestTooLargeError": client.ErrRequestTooLarge,
	} {
		if errors.Is(err, made) {
			return told{"client_error": class}
		}
	}
	return told{"fault": err.Error()}
}
