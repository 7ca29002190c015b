package centrirpc_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
)

type worded struct {
	Q     int               `json:"q" validate:"required"`
	Text  string            `json:"text" validate:"required"`
	On    bool              `json:"on" validate:"required"`
	Link  *string           `json:"link" validate:"required"`
	When  time.Time         `json:"when" validate:"required"`
	Gone  string            `json:"gone,omitempty" validate:"required_with=Q"`
	Kind  string            `json:"kind" validate:"oneof=retail 'whole sale'"`
	Level int               `json:"level" validate:"oneof=1 2"`
	Attrs map[string]string `json:"attrs" validate:"dive,keys,alpha,endkeys,max=3"`
	Rows  []struct {
		N int `json:"n" validate:"required"`
	} `json:"rows" validate:"dive"`
}

// A fault says what the caller did: a value that was sent is not called missing, and
// a key is not called a value.
func TestMessagesOfRules(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "worded", func(context.Context, worded) (struct{}, error) { return struct{}{}, nil })
	got := allFaults(t, r, "worded", `{"q":0,"text":"","on":false,"link":null,"when":"0001-01-01T00:00:00Z","kind":"x","level":3,"attrs":{"1":"a","b":"long","22":"22"},"rows":[{"n":1},{"n":0}]}`)
	for _, want := range []string{
		"q: q must not be 0; ", "text: text must not be empty; ", "on: on must not be false; ", "link: link must not be null; ",
		"when: when must not be empty; ", `kind: kind must be one of "retail", "whole sale"; `, "level: level must be one of 1, 2; ",
		"attrs[1]: the key of attrs[1] can only contain alphabetic characters; ", "attrs[b]: attrs[b] must be a maximum of 3 characters in length; ",
		"rows[1].n: rows[1].n must not be 0",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s; want %q in it", got, want)
		}
	}
	got = allFaults(t, r, "worded", `{"q":1,"text":"a","on":true,"link":"","when":"2006-01-02T15:04:05Z","kind":"retail","level":1,"attrs":{},"rows":[]}`)
	if want := "gone: gone is required"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// Whoever reads of a panic wants to know whose call it was.
func TestPanicsAreLoggedWithTheUser(t *testing.T) {
	var log bytes.Buffer
	r := centrirpc.NewRouter(centrirpc.Logger(slog.New(slog.NewTextHandler(&log, nil))))
	centrirpc.Handle(r, "panic", func(context.Context, struct{}) (struct{}, error) { panic("no") })
	ctx := centrirpc.ContextWithConn(t.Context(), &centrirpc.Conn{UserID: "ann"})
	if _, err := r.Call(ctx, "panic", nil); err == nil {
		t.Error("no error")
	}
	if got := log.String(); !strings.Contains(got, `msg="a call panicked"`) || strings.Count(got, "user=ann") != 1 {
		t.Error(got)
	}
}
