package wire_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/wire"
)

// readVectors reads a file that the TypeScript and Python tests read too.
func readVectors[T any](t *testing.T, name string) T {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

func sameJSON(t *testing.T, got, want []byte) bool {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("not JSON: %s", got)
	}
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatalf("not JSON: %s", want)
	}
	gb, _ := json.Marshal(g)
	wb, _ := json.Marshal(w)
	return bytes.Equal(gb, wb)
}

func TestRequestVectors(t *testing.T) {
	type vector struct {
		Name  string          `json:"name"`
		Data  json.RawMessage `json:"data"`
		Raw   *string         `json:"raw"`
		Want  json.RawMessage `json:"want"`
		Error string          `json:"error"`
	}
	for _, v := range readVectors[[]vector](t, "requests.json") {
		t.Run(v.Name, func(t *testing.T) {
			data := []byte(v.Data)
			if v.Raw != nil {
				data = []byte(*v.Raw)
			}
			got, err := wire.DecodeRequest(data)
			if v.Error != "" {
				if err == nil || !strings.Contains(err.Error(), v.Error) {
					t.Fatalf("error = %v; want one with %q", err, v.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			encoded, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			want := v.Want
			if !strings.Contains(string(want), `"params"`) {
				t.Fatal("a vector must say what params become")
			}
			if !sameJSON(t, encoded, want) {
				t.Errorf("decoded to %s\nwant       %s", encoded, want)
			}
		})
	}
}

func TestReplyVectors(t *testing.T) {
	type vector struct {
		Name    string          `json:"name"`
		Data    json.RawMessage `json:"data"`
		Final   bool            `json:"final"`
		Invalid bool            `json:"invalid"`
		Result  json.RawMessage `json:"result"`
		Error   *wire.Error     `json:"error"`
		Seq     *uint64         `json:"seq"`
		Item    json.RawMessage `json:"item"`
	}
	for _, v := range readVectors[[]vector](t, "replies.json") {
		t.Run(v.Name, func(t *testing.T) {
			got, err := wire.DecodeReply(v.Data)
			if (err != nil) != v.Invalid {
				t.Fatalf("error = %v; want invalid = %v", err, v.Invalid)
			}
			if v.Invalid {
				return
			}
			if got.Final() != v.Final {
				t.Errorf("Final() = %v", got.Final())
			}
			if (got.Seq == nil) != (v.Seq == nil) || got.Seq != nil && *got.Seq != *v.Seq {
				t.Errorf("seq = %v; want %v", got.Seq, v.Seq)
			}
			for what, pair := range map[string][2]json.RawMessage{"result": {got.Result, v.Result}, "item": {got.Item, v.Item}} {
				if len(pair[0]) != len(pair[1]) && (len(pair[0]) == 0 || len(pair[1]) == 0) || len(pair[0]) > 0 && !sameJSON(t, pair[0], pair[1]) {
					t.Errorf("%s = %s; want %s", what, pair[0], pair[1])
				}
			}
			again, ok := encodeAgain(t, &got)
			if !ok {
				t.Fatalf("nothing encodes %+v", got)
			}
			known, err := wire.DecodeReply(again)
			if err != nil {
				t.Fatal(err)
			}
			first, _ := json.Marshal(got)
			second, _ := json.Marshal(known)
			if !sameJSON(t, first, second) {
				t.Errorf("encoded again: %s; want %s", second, first)
			}
		})
	}
}

// encodeAgain writes a reply as the server does.
func encodeAgain(t *testing.T, r *wire.Reply) (data []byte, ok bool) {
	t.Helper()
	switch {
	case r.Progress != nil:
		data, err := wire.EncodeProgress(r.CorrelationID, *r.Progress)
		if err != nil {
			t.Fatal(err)
		}
		return data, true
	case r.Item != nil:
		return wire.EncodeItem(r.CorrelationID, *r.Seq, r.Item), true
	case r.Error != nil:
		data = wire.EncodeError(r.CorrelationID, r.Error)
	case r.Result != nil:
		data = wire.EncodeResult(r.CorrelationID, r.Result)
	default:
		return nil, false
	}
	if r.Seq != nil {
		data = wire.EncodeStreamEnd(data, *r.Seq)
	}
	return data, true
}

func TestCodeVectors(t *testing.T) {
	type vector struct {
		Code      wire.Code `json:"code"`
		Reason    string    `json:"reason"`
		Retryable bool      `json:"retryable"`
	}
	vectors := readVectors[[]vector](t, "codes.json")
	if len(vectors) != len(wire.Codes()) {
		t.Fatalf("%d vectors for %d codes", len(vectors), len(wire.Codes()))
	}
	for i, v := range vectors {
		if wire.Codes()[i] != v.Code || v.Code.Reason() != v.Reason || v.Code.Retryable() != v.Retryable || wire.CodeOf(v.Reason) != v.Code || !v.Code.Valid() {
			t.Errorf("code %d: reason %q, retryable %v; want %q, %v", v.Code, v.Code.Reason(), v.Code.Retryable(), v.Reason, v.Retryable)
		}
	}
	for _, c := range []wire.Code{0, 399, 402, 600, 999, 2000} {
		if c.Valid() {
			t.Errorf("code %d is valid", c)
		}
	}
}

func TestChannelVectors(t *testing.T) {
	v := readVectors[struct {
		UserIDs []struct {
			ID string `json:"id"`
			OK bool   `json:"ok"`
		} `json:"user_ids"`
		ReplyTo []struct {
			Channel string `json:"channel"`
			User    string `json:"user"`
			OK      bool   `json:"ok"`
		} `json:"reply_to"`
		Methods []struct {
			Name string `json:"name"`
			OK   bool   `json:"ok"`
		} `json:"methods"`
	}](t, "channels.json")
	for _, u := range v.UserIDs {
		if err := wire.CheckUserID(u.ID); (err == nil) != u.OK {
			t.Errorf("CheckUserID(%q) = %v; want ok = %v", u.ID, err, u.OK)
		}
	}
	for _, r := range v.ReplyTo {
		if err := wire.CheckReplyTo(r.Channel, r.User); (err == nil) != r.OK {
			t.Errorf("CheckReplyTo(%q, %q) = %v; want ok = %v", r.Channel, r.User, err, r.OK)
		}
	}
	for _, m := range v.Methods {
		if err := wire.CheckMethod(m.Name); (err == nil) != m.OK {
			t.Errorf("CheckMethod(%q) = %v; want ok = %v", m.Name, err, m.OK)
		}
	}
}

// A channel that this package makes for a user is one that it accepts.
func TestReplyChannelsAreAccepted(t *testing.T) {
	for _, channel := range []string{wire.ReplyChannel("456"), wire.SessionReplyChannel("s1", "456")} {
		if err := wire.CheckReplyTo(channel, "456"); err != nil {
			t.Errorf("%s: %v", channel, err)
		}
	}
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(`{"method":"tasks.get_stats","params":{"user_id":"1"},"correlation_id":"c","reply_to":"user#1"}`))
	f.Add([]byte(`{"op":"ack","correlation_id":"c","seq":1,"received":["a"]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := wire.DecodeRequest(data)
		if err != nil {
			return
		}
		encoded, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("decoded, but cannot be encoded: %v", err)
		}
		again, err := wire.DecodeRequest(encoded)
		if err != nil {
			t.Fatalf("encoded as %s, which is refused: %v", encoded, err)
		}
		if again.CorrelationID != r.CorrelationID || again.Op != r.Op || again.Timeout() != r.Timeout() {
			t.Fatalf("%+v became %+v", r, again)
		}
		if len(wire.EncodeResult(r.CorrelationID, r.Params)) == 0 {
			t.Fatal("no reply")
		}
		reply, err := wire.DecodeReply(wire.EncodeResult(r.CorrelationID, r.Params))
		if err != nil || reply.CorrelationID != r.CorrelationID {
			t.Fatalf("the reply to %s cannot be read: %v", encoded, err)
		}
	})
}
