package faults

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/internal/centrifugodouble"
	"github.com/centrirpc/centrirpc/internal/faultproxy"
	"github.com/centrirpc/centrirpc/internal/loopback"
)

// behind is a Centrifugo with a backend of its own process, a client, and a proxy in
// each of the two ways between Centrifugo and the backend.
type behind struct {
	*rig
	asks *faultproxy.Proxy // Centrifugo asks the backend through it
	api  *faultproxy.Proxy // the backend publishes through it
	addr string            // the backend's
	site string            // Centrifugo's
}

func newBehind(t *testing.T, language string) *behind {
	t.Helper()
	b := &behind{rig: &rig{t: t, journal: newJournal(t), gate: filepath.Join(t.TempDir(), "gate")}}
	// The proxies first, for they listen on any free port.
	b.asks, b.api = faultproxy.Start(t, ""), faultproxy.Start(t, "")
	centrifugo := loopback.FreeAddress(t)
	b.site = centrifugo
	b.api.SetTarget(centrifugo)
	config, err := centrifugoconfig.Make(&contract.Contract{}, centrifugoconfig.Options{Backend: "http://" + b.asks.Addr(), Namespaces: []string{"news"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := config.JSON()
	if err != nil {
		t.Fatal(err)
	}
	short := strings.ReplaceAll(string(text), `"timeout": "5s"`, `"timeout": "1s"`)
	centrifugodouble.Start(t, centrifugo, []byte(short), "CENTRIFUGO_VAR_CENTRIRPC_SECRET="+secret,
		"CENTRIFUGO_HTTP_API_KEY="+secret, "CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY="+secret)
	b.addr = loopback.FreeAddress(t)
	b.asks.SetTarget(b.addr)
	b.serve()
	b.client = startDriver(t, language, centrifugo, "u1", time.Second)
	return b
}

// serve starts a backend, at the address of the one before.
func (b *behind) serve() {
	b.t.Helper()
	b.node = startNode(b.t, b.journal, "-addr", b.addr, "-centrifugo", "http://"+b.api.Addr())
}

// Whatever lies between Centrifugo and its backend breaks, each call has one outcome,
// with a client of each language: the result of its one run, wherever that can be
// known.
func TestFaultsBehindCentrifugo(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		b := newBehind(t, language)
		once := order{Method: "work.once", TimeoutMS: 60_000}
		begin := func(key string) []string {
			o := once
			o.Key = key
			return b.start(o, inFlight)
		}

		// The backend is down: nothing was claimed.
		b.asks.Refuse(true)
		b.asks.Cut()
		down := begin("down")
		b.client.nothing("ack", down)
		b.asks.Refuse(false)
		b.want(down, itself, 1)

		// It answers later than Centrifugo waits, after the claim: clients ask again.
		b.asks.Stall(faultproxy.Down, true)
		slow := b.start(order{Key: "slow", Method: "work.once", Params: work{MS: 3000}, TimeoutMS: 60_000}, inFlight)
		for _, key := range slow {
			b.client.frame("resend", key)
		}
		b.asks.Stall(faultproxy.Down, false)
		b.want(slow, itself, 1)

		// Centrifugo's API is out of reach: replies and items wait.
		b.api.Refuse(true)
		b.api.Cut()
		unsaid := begin("unsaid")
		stream := b.start(order{Start: "stream", Key: "items", Method: "work.count", Params: work{N: 200}, TimeoutMS: 60_000}, 1)
		b.starts(unsaid)
		b.starts(stream)
		b.api.Refuse(false)
		b.want(unsaid, itself, 1)
		b.want(stream, itself, 1)
		if got := b.client.outcome(stream[0]).Items; got != 200 {
			t.Errorf("%d items", got)
		}

		// It dies with what it runs and remembers.
		held := order{Key: "killed", Method: "work.once", Params: work{File: b.gate}, TimeoutMS: 60_000}
		killed := b.start(held, inFlight)
		held.Key, held.Method, held.Idempotent = "again", "work.again", true
		again := b.start(held, inFlight)
		b.starts(killed)
		b.starts(again)
		b.node.kill()
		b.open()
		b.serve()
		b.want(killed, always("outcome_unknown"), 1)
		b.want(again, itself, 2)

		b.want(begin("after"), itself, 1)
		b.finish()
	})
}

// Who answers Centrifugo in the backend's place, or the backend in Centrifugo's, is no
// party to a call: it has its one outcome when the right one is back.
func TestStrangersBehindCentrifugo(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		b := newBehind(t, language)
		// instead has a stranger at the end of a way, until it has heard of
		// one of the calls.
		instead := func(way *faultproxy.Proxy, s *stranger, right, key string) {
			t.Helper()
			way.SetTarget(s.addr)
			way.Cut()
			keys := b.start(order{Key: key, Method: "work.once", TimeoutMS: 240_000}, inFlight)
			s.hears(t, keys)
			way.SetTarget(right)
			way.Cut()
			b.want(keys, itself, 1)
		}
		for key, answer := range map[string]struct {
			status int
			body   string
		}{
			"failing": {http.StatusInternalServerError, "Server Error"},
			"html":    {http.StatusOK, "<html>"},
			"empty":   {http.StatusOK, "{}"}, // an acknowledgement of nothing, or no reply to what was published
			"error":   {http.StatusOK, `{"error":{"code":100,"message":"internal server error"}}`},
		} {
			instead(b.asks, newStranger(t, answer.status, answer.body), b.addr, "asks-"+key)
			instead(b.api, newStranger(t, answer.status, answer.body), b.site, "api-"+key)
		}
		b.finish()
	})
}
