package server_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

// A client that talks to a Centrifugo hears the same from this server, frame by
// frame, but for the differences that the file gives reasons for.
func TestExchangeRecordedWithCentrifugo(t *testing.T) {
	data, err := os.ReadFile("testdata/exchange.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		User  string          `json:"user"`
		Meta  json.RawMessage `json:"meta"`
		Steps []struct {
			Send  json.RawMessage `json:"send"`
			Reply json.RawMessage `json:"reply"`
			Ours  json.RawMessage `json:"ours"`
			Why   string          `json:"why"`
			Push  json.RawMessage `json:"push"`
		} `json:"steps"`
	}
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	s := start(t, testRouter(nil), server.Config{})
	c := dial(t, s.url, nil)
	bearer := signedClaims(t, token.Claims{UserID: recorded.User, Meta: recorded.Meta})
	same := func(got string, want json.RawMessage) {
		t.Helper()
		var g, w any
		if err := json.Unmarshal([]byte(got), &g); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(want, &w); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(g, w) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for i, step := range recorded.Steps {
		want := step.Reply
		if step.Ours != nil {
			want = step.Ours
			if step.Why == "" {
				t.Errorf("step %d differs without a reason", i+1)
			}
		}
		c.send("%s", strings.Replace(string(step.Send), "<jwt>", bearer, 1))
		m := c.reply(uint32(i + 1))
		if m.Connect != nil {
			m.raw = strings.Replace(m.raw, m.Connect.Client, "<client>", 1)
			m.raw = regexp.MustCompile(`"store":"[^"]+"`).ReplaceAllString(m.raw, `"store":"<store>"`)
		}
		same(m.raw, want)
		if step.Push != nil {
			push := c.must(func(m message) bool { return m.Push != nil }, "a push")
			same(push.raw, step.Push)
		}
	}
	if len(c.waiting) != 0 {
		t.Errorf("also got %+v", c.waiting)
	}
}
