package faults

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// emulations are the nodes that requests to /emulation went to.
var emulations = regexp.MustCompile(`"POST /emulation" 204 .* from (\S+)\n`)

// wantSpread fails the test where nginx has sent a fallback's requests to one node only.
func wantSpread(t *testing.T, s *site) {
	t.Helper()
	nodes := map[string]bool{}
	for _, m := range emulations.FindAllStringSubmatch(s.nginx.AccessLog(), -1) {
		nodes[m[1]] = true
	}
	if len(nodes) < 2 {
		t.Errorf("the requests went to %v: this test shows nothing", nodes)
	}
}

// What a client on a fallback sends goes to any node, and comes to the one that has its
// connection: nothing is sticky.
func TestSSEAcrossNodes(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	base, secretToken := "http://"+s.nginx.Addr(), token(t, "u1")
	connect := fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, secretToken)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/connection/sse?cf_connect="+url.QueryEscape(connect), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	next := func() string {
		for lines.Scan() {
			if line, found := strings.CutPrefix(lines.Text(), "data: "); found && line != "{}" {
				return line
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return ""
	}
	var hello struct {
		Connect struct {
			Node    string `json:"node"`
			Session string `json:"session"`
		} `json:"connect"`
	}
	if err := json.Unmarshal([]byte(next()), &hello); err != nil || hello.Connect.Session == "" {
		t.Fatalf("%+v, %v", hello, err)
	}
	for i := range 12 {
		key := fmt.Sprint("e", i)
		body, err := json.Marshal(map[string]string{"node": hello.Connect.Node, "session": hello.Connect.Session, "data": fmt.Sprintf(
			`{"id":%d,"publish":{"channel":"rpc.requests","data":{"method":"work.once","params":{"say":%q,"ms":0},"correlation_id":%q,"reply_to":"user#u1"}}}`, i+2, key, key)})
		if err != nil {
			t.Fatal(err)
		}
		sent, err := http.Post(base+"/emulation", "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = sent.Body.Close()
		if sent.StatusCode != http.StatusNoContent {
			t.Fatalf("request %d has status %d", i, sent.StatusCode)
		}
		for !strings.Contains(next(), `"say":"`+key+`"`) { // each reply at once: nothing waits in a buffer
		}
	}
	wantSpread(t, s)

	// The token came in the query; an error at the node's end must not log it either.
	for _, n := range s.nodes {
		n.kill()
	}
	if refused, err := http.DefaultClient.Do(request.Clone(ctx)); err == nil {
		_ = refused.Body.Close()
	}
	within(t, func() (bool, string) {
		return strings.Count(s.nginx.AccessLog(), `"GET /connection/sse"`) == 2, "the request is not logged"
	})
	if log := s.nginx.AccessLog() + s.nginx.ErrorLog(); strings.Contains(log, secretToken) || strings.Contains(log, "cf_connect") {
		t.Errorf("the token is in nginx's log:\n%s", log)
	}
}

// The TypeScript client on HTTP streaming, also when the node that it is connected to
// drains.
func TestHTTPStreamAcrossNodes(t *testing.T) {
	t.Parallel()
	s := newSite(t, []string{"-drain", "30s"})
	r := &rig{t: t, journal: s.journal, gate: s.gate, client: startDriver(t, "typescript", s.nginx.Addr(), "u1", time.Second, "FALLBACK=http_stream")}
	r.want(r.start(order{Key: "c", Method: "work.once"}, inFlight), itself, 1)
	held := r.start(order{Key: "h", Method: "work.once", Params: work{File: s.gate}, TimeoutMS: 60_000}, inFlight)
	s.starts(held)
	for _, n := range s.nodes {
		if n.connections() == 1 {
			n.signal(syscall.SIGTERM)
		}
	}
	for _, key := range held {
		r.client.frame("resend", key)
	}
	s.open()
	r.want(held, itself, 1)
	r.want(r.start(order{Key: "n", Method: "work.once"}, inFlight), itself, 1)
	wantSpread(t, s)
	r.finish()
}
