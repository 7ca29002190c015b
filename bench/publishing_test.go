package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
)

// publishing is a stub of a server that takes publications, by HTTP with JSON, as
// Centrifugo's API does, and by gRPC, and one client of each. It decodes what it is
// sent, and counts it.
type publishing struct {
	http *httptest.Server
	grpc *grpc.ClientConn

	taken, bytes atomic.Int64
}

// command is one publication in JSON.
type command struct {
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
}

type batchOfCommands struct {
	Commands []struct {
		Publish command `json:"publish"`
	} `json:"commands"`
}

// By gRPC a publication is an Any: to protobuf that is a message of a text and bytes, as
// Centrifugo's PublishRequest is with a channel and data. Many are a Status, which is a
// message with a list of these.
const (
	grpcPublish = "/bench.Publishing/Publish"
	grpcBatch   = "/bench.Publishing/Batch"
)

func startPublishing(tb testing.TB) *publishing {
	tb.Helper()
	p := &publishing{}
	p.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			tb.Error(err)
		}
		if r.URL.Path == "/api/publish" {
			var c command
			if err := json.Unmarshal(text, &c); err != nil {
				tb.Error(err)
			}
			p.take(c.Data)
			_, _ = io.WriteString(w, `{"result":{}}`)
			return
		}
		var batch batchOfCommands
		if err := json.Unmarshal(text, &batch); err != nil {
			tb.Error(err)
		}
		for i := range batch.Commands {
			p.take(batch.Commands[i].Publish.Data)
		}
		n := len(batch.Commands)
		_, _ = io.WriteString(w, `{"replies":[`+string(bytes.Repeat([]byte(`{"publish":{}},`), n-1))+`{"publish":{}}]}`)
	}))
	tb.Cleanup(p.http.Close)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	served := grpc.NewServer()
	served.RegisterService(&grpc.ServiceDesc{ServiceName: "bench.Publishing", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{
		{MethodName: "Publish", Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var in anypb.Any
			if err := decode(&in); err != nil {
				return nil, err
			}
			p.take(in.GetValue())
			return &emptypb.Empty{}, nil
		}},
		{MethodName: "Batch", Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var in status.Status
			if err := decode(&in); err != nil {
				return nil, err
			}
			for _, one := range in.GetDetails() {
				p.take(one.GetValue())
			}
			return &emptypb.Empty{}, nil
		}},
	}}, nil)
	go func() { _ = served.Serve(l) }()
	tb.Cleanup(served.Stop)
	if p.grpc, err = grpc.NewClient("passthrough:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = p.grpc.Close() })
	return p
}

func (p *publishing) take(data []byte) {
	p.taken.Add(1)
	p.bytes.Add(int64(len(data)))
}

// byHTTP publishes so many in one request.
func (p *publishing) byHTTP(ctx context.Context, client *http.Client, channel string, data []byte, many int) error {
	// Put together as server/centrifugo does it.
	name, err := json.Marshal(channel)
	if err != nil {
		return err
	}
	one := slices.Concat([]byte(`{"channel":`), name, []byte(`,"data":`), data, []byte("}"))
	path, text := "/api/publish", one
	if many > 1 {
		path, text = "/api/batch", []byte(`{"commands":[`)
		for i := range many {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(append(append(text, `{"publish":`...), one...), '}')
		}
		text = append(text, "]}"...)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.http.URL+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-API-Key", "key")
	got, err := client.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	answer, err := io.ReadAll(got.Body)
	if err == nil && (got.StatusCode != http.StatusOK || !json.Valid(answer)) {
		err = errors.New(got.Status)
	}
	return err
}

// byGRPC publishes so many in one call.
func (p *publishing) byGRPC(ctx context.Context, channel string, data []byte, many int) error {
	if many == 1 {
		return p.grpc.Invoke(ctx, grpcPublish, &anypb.Any{TypeUrl: channel, Value: data}, &emptypb.Empty{})
	}
	all := make([]*anypb.Any, many)
	for i := range all {
		all[i] = &anypb.Any{TypeUrl: channel, Value: data}
	}
	return p.grpc.Invoke(ctx, grpcBatch, &status.Status{Details: all}, &emptypb.Empty{})
}

// ways are those to publish, with so many at once in a request.
func (p *publishing) ways(tb testing.TB) map[string]func(ctx context.Context, channel string, data []byte, many int) error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	tb.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	return map[string]func(context.Context, string, []byte, int) error{
		"HTTP": func(ctx context.Context, channel string, data []byte, many int) error {
			return p.byHTTP(ctx, client, channel, data, many)
		},
		"gRPC": p.byGRPC,
	}
}

// Each way brings the stub the same.
func TestWaysToPublish(t *testing.T) {
	p := startPublishing(t)
	data := bytes.Repeat([]byte("1"), 200)
	for name, publish := range p.ways(t) {
		for _, many := range []int{1, 7} {
			p.taken.Store(0)
			p.bytes.Store(0)
			if err := publish(t.Context(), "user#1", data, many); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if p.taken.Load() != int64(many) || p.bytes.Load() != int64(many*len(data)) {
				t.Errorf("%s, %d at once: %d arrived, of %d bytes", name, many, p.taken.Load(), p.bytes.Load())
			}
		}
	}
}

// BenchmarkPublishing is what one publication of 200 bytes costs by HTTP and by gRPC, both ends
// together: CPU time, not the time that passes. callers publish at the same time, each
// many in one request.
func BenchmarkPublishing(b *testing.B) {
	p := startPublishing(b)
	ways := p.ways(b)
	data := bytes.Repeat([]byte("1"), 200)
	for _, form := range []struct{ callers, many int }{{1, 1}, {16, 1}, {1, 64}, {16, 64}} {
		for _, name := range []string{"HTTP", "gRPC"} {
			publish := ways[name]
			b.Run(fmt.Sprintf("%s/callers=%d/many=%d", name, form.callers, form.many), func(b *testing.B) {
				var left atomic.Int64
				left.Store(int64(b.N))
				var all sync.WaitGroup
				began := usedCPU()
				for i := range form.callers {
					channel := fmt.Sprint("user#", i)
					all.Go(func() {
						for left.Add(-1) >= 0 {
							if err := publish(b.Context(), channel, data, form.many); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
				b.ReportMetric(float64((usedCPU()-began).Nanoseconds())/float64(b.N*form.many)/1e3, "cpu-µs/publication")
			})
		}
	}
}

// usedCPU is what this process has used.
func usedCPU() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
