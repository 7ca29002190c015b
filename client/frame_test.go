package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/protocol"
	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc/wire"
)

const knownID = "0b8f0a52-9d2e-4c55-8f39-6f1d2a3b4c5d"

// waitingClient has one call under way, under knownID.
func waitingClient(t testing.TB) (*CentrifugoRPCClient, *call) {
	c, err := NewCentrifugoRPCClient("ws://localhost", "", "456")
	if err != nil {
		t.Fatal(err)
	}
	cl := &call{outcome: make(chan outcome, 1)}
	c.calls.add(correlationID([]byte(knownID)), cl)
	return c, cl
}

// What a client sees of a message must not depend on how it was read.
func checkQuick(t *testing.T, b []byte) (quick bool) {
	var want protocol.Reply
	n := want.DecodeJSON(b, 0, 0)
	if id, length := cutAck(b); length > 0 {
		if length != n || !reflect.DeepEqual(&want, &protocol.Reply{Id: id, Publish: accepted.Publish}) {
			t.Errorf("%q: %d, %d bytes; want %+v, %d", b, id, length, &want, n)
		}
		return true
	}
	c, cl := waitingClient(t)
	length := (&link{client: c, identity: c.fixed}).quickReply(b)
	if length == 0 {
		if len(cl.outcome) > 0 {
			t.Errorf("%q is to be decoded but ended the call", b)
		}
		return false
	}
	if length != n || want.Push == nil || want.Push.Pub == nil || !reflect.DeepEqual(&want,
		&protocol.Reply{Push: &protocol.Push{Channel: "user#456", Pub: &protocol.Publication{Data: want.Push.Pub.Data}}}) {
		t.Errorf("%q: %d bytes; want %+v, %d", b, length, &want, n)
		return true
	}
	other, slow := waitingClient(t)
	if !other.reply(want.Push.Pub.Data) {
		t.Errorf("%q is no reply", b)
	}
	decoded, err := wire.DecodeReply(want.Push.Pub.Data)
	if err != nil {
		t.Errorf("%q: %v", b, err)
	}
	if len(cl.outcome) != len(slow.outcome) || (decoded.CorrelationID == knownID && decoded.Final()) != (len(cl.outcome) == 1) {
		t.Fatalf("%q: %d outcomes; want %d, for %s", b, len(cl.outcome), len(slow.outcome), decoded.CorrelationID)
	}
	if len(cl.outcome) == 1 {
		got, want := <-cl.outcome, <-slow.outcome
		if !reflect.DeepEqual(got, want) || !bytes.Equal(got.result, decoded.Result) || decoded.Error != nil {
			t.Errorf("%q: %+v; want %+v, %+v", b, got, want, decoded)
		}
	}
	return true
}

var quickMessages = []string{
	`{"id":7,"publish":{}}`,
	`{"id":999999999,"publish":{}}{"id":8}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","result":{"a":["}",1.5e3,null]}}}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","result":null}}}}` + "\n{}",
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"another","result":"é\u2028\n"}}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","seq":0,"item":{"a":"}"}}}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"another","seq":17,"item":null}}}}` + "\n{}",
}

var slowMessages = []string{
	`{"id":0,"publish":{}}`, `{"id":07,"publish":{}}`, `{"id":4294967295,"publish":{}}`, `{"id":9999999999,"publish":{}}`,
	`{"id":,"publish":{}}`, `{"id":7,"publish":{ }}`, `{"id":7,"publish":{}`, `{"id":7,"publish":{},"error":{"code":103}}`,
	`{"id":7,"error":{"code":103}}`, `{"id":7.0,"publish":{}}`, `{ "id":7,"publish":{}}`, `{}`,
	`{"push":{"channel":"user#457","pub":{"data":{"correlation_id":"` + knownID + `","result":1}}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","error":{"code":404,"reason":"not_found","message":"x"}}}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","result":1,"error":{"code":500}}}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","result":1,"seq":0}}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","result":1},"offset":7}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","result":1}},"channel":"x"}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","result":1 }}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","result":01}}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"` + knownID + `","result":}}}}`,
	`{"push":{"channel":"user#456","pub":{"data":{"correlation_id":"\u0030b8f0a52-9d2e-4c55-8f39-6f1d2a3b4c5d","result":1}}}}`,
	"{\"push\":{\"channel\":\"user#456\",\"pub\":{\"data\":{\"correlation_id\":\"" + knownID + "\",\"result\":\"\xff\"}}}}",
	`{"push":{"channel":"user#456","pub":{"data":{"type":"task.created"}}}}`,
	`{"push":{"channel":"user#456","join":{}}}`,
}

func TestQuickMessages(t *testing.T) {
	for _, m := range quickMessages {
		if !checkQuick(t, []byte(m)) {
			t.Errorf("%s was not read the short way", m)
		}
	}
	for _, m := range slowMessages {
		if checkQuick(t, []byte(m)) {
			t.Errorf("%s was read the short way", m)
		}
	}
}

func FuzzQuickMessages(f *testing.F) {
	for _, m := range append(quickMessages, slowMessages...) {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkQuick(t, b) })
}

// A quick message among others is handled in its turn, and a frame that breaks in
// the middle still delivers what stands before.
func TestAFrameOfBothKinds(t *testing.T) {
	c, cl := waitingClient(t)
	var order []string
	l := &link{client: c, identity: c.fixed, waiters: map[uint32]waiter{}}
	for id := range uint32(4) {
		l.waiters[id] = waiter{command: replyFunc(func(r *protocol.Reply) {
			order = append(order, fmt.Sprint(id, r.Error != nil, len(cl.outcome)))
		})}
	}
	frame := `{"id":1,"publish":{}}` + "\n " + `{"id":2,"error":{"code":103}}` + "\n" + quickMessages[2] + "\n" +
		`{"id":3,"publish":{}}` + "\n" + `{"id":0`
	err := l.frame([]byte(frame))
	if err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("error = %v", err)
	}
	if want := []string{"1 false 0", "2 true 0", "3 false 1"}; !reflect.DeepEqual(order, want) {
		t.Errorf("got %q; want %q", order, want)
	}
}

// The command written by hand is the one that the protocol's own code writes.
func FuzzPublishCommand(f *testing.F) {
	f.Add(uint32(1), "tasks.create", []byte("{\"a\":[1,\n2,\"\\n<&>\"]}"), "user#456")
	f.Add(uint32(1<<32-1), "é\"\\\n\u2028", []byte(" null"), "user.s#<1>")
	var pooled call
	f.Fuzz(func(t *testing.T, id uint32, method string, params []byte, replyTo string) {
		body, err := pooled.params.encode(json.RawMessage(params))
		want, wantErr := json.Marshal(json.RawMessage(params))
		if (err == nil) != (wantErr == nil) || !bytes.Equal(body, want) {
			t.Fatalf("params %q: %q, %v; want %q, %v", params, body, err, want, wantErr)
		}
		if err != nil {
			return
		}
		r := request{op: wire.OpCall, method: method, params: body, id: []byte(knownID), deadline: time.Now().Add(time.Minute)}
		id = max(1, id) // a link gives no command the id 0
		for _, form := range []codec{{protobuf: false}, {protobuf: true}} {
			buf, env := form.openPublish(pooled.buf[:0], id, &r, replyTo)
			p := protocol.PublishRequest{Channel: wire.RequestsChannel, Data: env}
			want, err := form.appendCommand(nil, &protocol.Command{Id: id, Publish: &p})
			if err != nil {
				t.Fatal(err)
			}
			var command []byte
			if pooled.buf, command, err = form.closePublish(buf, id, &p); err != nil || !bytes.Equal(command, want) {
				t.Errorf("%+v: %q, %v; want %q", form, command, err, want)
			}
		}
	})
}

// Results read with memory that is used again are those that json.Unmarshal
// reads, whatever was read before.
func FuzzDecodeResult(f *testing.F) {
	type shape struct {
		A string
		B []int
		C map[string]any
		D *shape
		E json.RawMessage
	}
	for _, v := range []string{`7`, `-1e5`, `"x"`, `null`, `true`, `{"A":"é","B":[1,2],"C":{"x":[null]},"D":{"E":[1]}}`, `{"B":"x","A":7}`, `[[[]]]`} {
		f.Add([]byte(v), []byte(`{"A":1,"D":{"A":"y"}}`))
	}
	var d decoder
	f.Fuzz(func(t *testing.T, first, second []byte) {
		for _, result := range [][]byte{first, second, first} {
			if result = bytes.TrimSpace(result); !json.Valid(result) {
				continue
			}
			for _, make := range []func() any{func() any { return new(any) }, func() any { return new(shape) }, func() any { return new(int) }, func() any { return new(json.RawMessage) }} {
				got, want := make(), make()
				err, wantErr := d.decode(result, got), json.Unmarshal(result, want)
				if fmt.Sprint(err) != fmt.Sprint(wantErr) || !reflect.DeepEqual(got, want) {
					t.Errorf("%q: %+v, %v; want %+v, %v", result, got, err, want, wantErr)
				}
			}
		}
	})
}

// What one call decoded is not touched by the next, which uses its memory.
func TestDecodedResultsAreTheCallers(t *testing.T) {
	var d decoder
	var first json.RawMessage
	var text struct{ S string }
	if err := errors.Join(d.decode([]byte(`["first"]`), &first), d.decode([]byte(`{"S":"first"}`), &text)); err != nil {
		t.Fatal(err)
	}
	var other any
	if err := d.decode([]byte(`["SECOND","SECOND"]`), &other); err != nil {
		t.Fatal(err)
	}
	if string(first) != `["first"]` || text.S != "first" {
		t.Errorf("%s, %s", first, text.S)
	}
	large := []byte(`"` + strings.Repeat("x", maxKeptBuffer) + `"`)
	if err := d.decode(large, &other); err != nil || d.from != nil {
		t.Errorf("the memory of a large result is kept, %v", err)
	}
}

// A timeout stays a timeout: the server's answer to the cancel that it causes,
// 499, comes too late to be the call's, however long the caller is held up after
// the cancel was sent.
func TestATimeoutIsNeverTheAnswerToItsCancel(t *testing.T) {
	cancelled := make(chan struct{})
	b := newBubble(t, func(ctx context.Context, ws *websocket.Conn) {
		if _, _, err := ws.Read(ctx); err != nil || send(ctx, ws, connectReply) != nil {
			return
		}
		for {
			_, frame, err := ws.Read(ctx)
			if err != nil {
				return
			}
			var cmd struct {
				Publish struct{ Data json.RawMessage }
			}
			if err := json.Unmarshal(frame, &cmd); err != nil {
				t.Errorf("%q: %v", frame, err)
				return
			}
			r, err := wire.DecodeRequest(cmd.Publish.Data)
			if err != nil || r.Op != wire.OpCancel {
				continue
			}
			answer := wire.EncodeError(r.CorrelationID, &wire.Error{Code: 499, Reason: "cancelled", Message: "the call was cancelled"})
			if send(ctx, ws, `{"push":{"channel":"user#456","pub":{"data":`+string(answer)+`}}}`) != nil {
				return
			}
			close(cancelled)
		}
	})
	c := b.client
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A listener whose lock the test takes holds the caller up where it tells of
	// the cancel, which is after the cancel was sent.
	published := make(chan struct{}, 1)
	stop := c.OnFrame(func(f Frame) {
		if f.Kind == FramePublish {
			published <- struct{}{}
		}
	})
	defer stop()
	listener := (*c.frames.all.Load())[0]
	errs := make(chan error, 1)
	go func() { errs <- c.Call(context.Background(), "slow", nil, nil, WithTimeout(300*time.Millisecond)) }()
	<-published
	listener.mu.Lock()
	<-cancelled
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		c.calls.mu.Lock()
		n := len(c.calls.byID)
		c.calls.mu.Unlock()
		if n == 0 || time.Now().After(deadline) {
			break
		}
	}
	listener.mu.Unlock()
	if err := <-errs; !errors.Is(err, ErrTimeout) {
		t.Errorf("error = %v", err)
	}
}
