package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// vectors reads a file that the TypeScript and Python tests read too.
func vectors[T any](t *testing.T, name string) T {
	t.Helper()
	data, err := os.ReadFile("../wire/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// What the client builds for a vector's call, notification or cancel is what the
// vector says that the server reads.
func TestRequestVectors(t *testing.T) {
	built := 0
	for _, v := range vectors[[]struct {
		Name string          `json:"name"`
		Want json.RawMessage `json:"want"`
	}](t, "requests.json") {
		if v.Want == nil {
			continue
		}
		var want wire.Request
		if err := json.Unmarshal(v.Want, &want); err != nil {
			t.Fatal(err)
		}
		if (want.Op == wire.OpCall || want.Op == wire.OpResume) && want.ReplyTo == "" {
			t.Fatalf("%s: without reply_to", v.Name)
		}
		built++
		r := request{op: want.Op, method: want.Method, params: want.Params, id: []byte(want.CorrelationID), left: time.Minute, traceparent: want.Traceparent}
		if r.store = want.Store; want.Seq != nil {
			r.next, r.resumes = *want.Seq, true
		}
		data := r.appendTo(nil, want.ReplyTo)
		got, err := wire.DecodeRequest(data)
		if err != nil {
			t.Errorf("%s: built %s: %v", v.Name, data, err)
			continue
		}
		if (want.Op == wire.OpCall || want.Op == wire.OpNotify) && got.TimeoutMS != 60000 {
			t.Errorf("%s: built %s", v.Name, data)
		}
		got.TimeoutMS, want.TimeoutMS = 0, 0
		want.Received = nil
		var a, b any
		if json.Unmarshal(got.Params, &a) != nil || json.Unmarshal(want.Params, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s: params %s; want %s", v.Name, got.Params, want.Params)
		}
		got.Params, want.Params = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v; want %+v", v.Name, got, want)
		}
	}
	if built < 8 {
		t.Errorf("only %d vectors were built", built)
	}
}

func TestReplyVectors(t *testing.T) {
	for _, v := range vectors[[]struct {
		Name    string          `json:"name"`
		Data    json.RawMessage `json:"data"`
		Final   bool            `json:"final"`
		Invalid bool            `json:"invalid"`
		Result  json.RawMessage `json:"result"`
		Error   *wire.Error     `json:"error"`
	}](t, "replies.json") {
		for _, form := range []string{"as it stands", "compact"} {
			data := []byte(v.Data)
			if form == "compact" {
				compact, err := json.Marshal(v.Data)
				if err != nil {
					t.Fatal(err)
				}
				data = compact
			}
			// The client knows its own ids alone: these stand for the vectors'.
			id := newCorrelationID()
			for _, short := range []string{"c1", "uuid-123"} {
				data = bytes.ReplaceAll(data, []byte(`"`+short+`"`), []byte(`"`+string(id[:])+`"`))
			}
			c := &CentrifugoRPCClient{}
			c.calls.byID = map[correlationID]*call{}
			cl := &call{outcome: make(chan outcome, 1)}
			c.calls.add(id, cl)
			if is := c.reply(data); is == v.Invalid {
				t.Errorf("%s, %s: taken for a reply: %v", v.Name, form, is)
			}
			select {
			case out := <-cl.outcome:
				if !v.Final || !sameJSON(out.result, v.Result) || !reflect.DeepEqual(compactError(out.err), compactError(v.Error)) {
					t.Errorf("%s, %s: %s, %+v", v.Name, form, out.result, out.err)
				}
			default:
				if v.Final {
					t.Errorf("%s, %s: the call was not ended", v.Name, form)
				}
			}
		}
	}
}

func sameJSON(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func compactError(e *wire.Error) string {
	if e == nil {
		return ""
	}
	b, _ := json.Marshal(e)
	return string(b)
}

// The short way of reading a reply must not take what the long way refuses.
func FuzzCutResult(f *testing.F) {
	f.Add([]byte(`{"correlation_id":"c1","result":{"a":[1,"}"]}}`))
	f.Add([]byte(`{"correlation_id":"c1","result":1,"error":{"code":500}}`))
	f.Add([]byte(`{"correlation_id":"c\u0031","result":1}`))
	f.Add([]byte("{\"correlation_id\":\"\xff\",\"result\":1}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		id, result, n := cutResult(data)
		if n == 0 {
			return
		}
		data = data[:n]
		r, err := wire.DecodeReply(data)
		if err != nil || r.CorrelationID != string(id) || !sameJSON(r.Result, result) {
			t.Errorf("%s: %s and %s; want %+v, %v", data, id, result, r, err)
		}
	})
}

// So must that of reading a stream's item.
func FuzzCutItem(f *testing.F) {
	f.Add([]byte(`{"correlation_id":"c1","seq":0,"item":{"a":[1,"}"]}}`))
	f.Add([]byte(`{"correlation_id":"c1","seq":12,"item":null}`))
	f.Add([]byte(`{"correlation_id":"c1","seq":01,"item":1}`))
	f.Add([]byte(`{"correlation_id":"c1","seq":18446744073709551616,"item":1}`))
	f.Add([]byte(`{"correlation_id":"c1","seq":1,"item":1,"result":2}`))
	f.Add([]byte("{\"correlation_id\":\"c1\",\"seq\":1,\"item\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		id, seq, item, n := cutItem(data)
		if n == 0 {
			return
		}
		data = data[:n]
		r, err := wire.DecodeReply(data)
		if err != nil || r.CorrelationID != string(id) || r.Seq == nil || *r.Seq != seq || !sameJSON(r.Item, item) || r.Final() {
			t.Errorf("%s: %s, %d and %s; want %+v, %v", data, id, seq, item, r, err)
		}
	})
}

// However messages arrive, each item is delivered once and in order.
func FuzzInbox(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3}, uint8(4))
	f.Add([]byte{3, 2, 1, 0, 0, 1}, uint8(4))
	f.Add([]byte{0, 200, 1}, uint8(2))
	f.Add([]byte{1, 0}, uint8(1)) // an item beyond the end
	f.Fuzz(func(t *testing.T, seqs []byte, items uint8) {
		in := newInbox()
		complete, have := false, map[byte]bool{}
		for i, seq := range seqs {
			if i == len(seqs)/2 && in.received() < uint64(items) {
				complete = in.end(uint64(items), outcome{}) || complete
			}
			have[seq] = true
			complete = in.put(uint64(seq), []byte{seq}) || complete
		}
		delivered := 0
		for {
			got := in.take()
			if got.item == nil {
				break
			}
			if int(got.item[0]) != delivered {
				t.Fatalf("%v: item %d after %d", seqs, got.item[0], delivered-1)
			}
			delivered++
		}
		if complete && delivered != int(items) {
			t.Errorf("%v: complete with %d of %d", seqs, delivered, items)
		}
		for i := range delivered {
			if !have[byte(i)] {
				t.Errorf("%v: item %d was made up", seqs, i)
			}
		}
	})
}

func TestCodeVectors(t *testing.T) {
	for _, v := range vectors[[]struct {
		Code   wire.Code `json:"code"`
		Reason string    `json:"reason"`
	}](t, "codes.json") {
		err := error(serverError(&wire.Error{Code: v.Code, Message: "m"}))
		if CodeOf(err) != v.Code || !errors.Is(err, &ServerError{Code: v.Code}) || !strings.HasPrefix(err.Error(), v.Reason) {
			t.Errorf("%d: %v", v.Code, err)
		}
	}
}

func TestUserIDVectors(t *testing.T) {
	for _, v := range vectors[struct {
		UserIDs []struct {
			ID string `json:"id"`
			OK bool   `json:"ok"`
		} `json:"user_ids"`
	}](t, "channels.json").UserIDs {
		if v.ID == "" {
			continue // not given: read from the token, see below
		}
		if _, err := NewCentrifugoRPCClient("ws://localhost", "", v.ID); (err == nil) != v.OK {
			t.Errorf("user id %q: %v", v.ID, err)
		}
	}
}

func TestTokenVectors(t *testing.T) {
	for _, v := range vectors[[]struct {
		Name   string `json:"name"`
		Token  string `json:"token"`
		UserID string `json:"user_id"`
		Error  bool   `json:"error"`
	}](t, "token_user_ids.json") {
		c, err := NewCentrifugoRPCClient("ws://localhost", v.Token, "")
		switch {
		case v.Error && (err == nil || !strings.Contains(err.Error(), "give the user id")):
			t.Errorf("%s: error = %v", v.Name, err)
		case !v.Error && (err != nil || c.UserID() != v.UserID):
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	for name, opt := range map[string]Option{
		"WithTimeout": WithTimeout(0), "WithReconnectDelay": WithReconnectDelay(2, 1), "WithPingMargin": WithPingMargin(0),
		"WithReadLimit": WithReadLimit(-1), "WithEventBuffer": WithEventBuffer(0), "WithHandshakeTimeout": WithHandshakeTimeout(0),
		"WithMaxRequestSize": WithMaxRequestSize(-1), "WithHTTPClient": WithHTTPClient(nil), "WithErrorHandler": WithErrorHandler(nil),
		"session": WithSession("a b"),
	} {
		if _, err := NewCentrifugoRPCClient("ws://localhost", "", "456", opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error = %v", name, err)
		}
	}
	for _, url := range []string{"", "ftp://x", "ws:///path", "localhost:8000", "ws://%zz"} {
		if _, err := NewCentrifugoRPCClient(url, "", "456"); err == nil {
			t.Errorf("the address %q is accepted", url)
		}
	}
}
