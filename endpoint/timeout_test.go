package endpoint_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
	"github.com/centrirpc/centrirpc/wire"
)

const slowContract = `{"centrirpc":1,"name":"x","methods":[{"name":"slow","kind":"call"}],"types":[]}`

// TestADeadlineThatTheContextDoesNotTell has calls end by Config.Timeout, and before
// they are sent, as their time is as good as over: a router cannot see either by the
// context.
func TestADeadlineThatTheContextDoesNotTell(t *testing.T) {
	t.Parallel()
	var log journal
	h := serving(t, &log, newSlow().ServeHTTP, func(cfg *endpoint.Config) { cfg.Timeout = 100 * time.Millisecond })
	router := centrirpc.NewRouter(centrirpc.Logger(log.logger()))
	centrirpc.Forward(router, []byte(slowContract), h)
	soon := ending{t.Context(), time.Now().Add(500 * time.Microsecond)}
	for name, ctx := range map[string]context.Context{"Config.Timeout": t.Context(), "half a millisecond": soon} {
		_, err := router.Call(ctx, "slow", nil)
		if e := errorOf(t, err); e.Code != wire.DeadlineExceeded {
			t.Errorf("%s: %v", name, e)
		}
	}
	if log.String() != "" {
		t.Errorf("the log says %s", &log)
	}
}

// ending is a context whose deadline is there, and whose end has not come.
type ending struct {
	context.Context
	at time.Time
}

func (e ending) Deadline() (time.Time, bool) { return e.at, true }

// TestTheTimeThatConnectingTook has a handshake take a part of the call's time: the
// other process is told of the rest.
func TestTheTimeThatConnectingTook(t *testing.T) {
	t.Parallel()
	const all, handshake = 10 * time.Second, 500 * time.Millisecond
	told := make(chan time.Duration, 2)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		var body struct {
			Centrirpc struct {
				TimeoutMS int64 `json:"timeout_ms"`
			}
		}
		if err != nil || int64(len(text)) != r.ContentLength || json.Unmarshal(text, &body) != nil {
			t.Errorf("a body of %d bytes: %q, %v", r.ContentLength, text, err)
		}
		told <- time.Duration(body.Centrirpc.TimeoutMS) * time.Millisecond
		_, _ = io.WriteString(w, `{"result":{"data":1}}`)
	}))
	web.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		<-time.After(handshake)
		return nil, nil
	}}
	web.StartTLS()
	defer web.Close()
	var log journal
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	h := open(t, web.URL, &log, func(cfg *endpoint.Config) { cfg.TLS = &tls.Config{RootCAs: roots} })
	for _, test := range []struct {
		call        string
		least, most time.Duration
	}{{"the first", 0, all - handshake}, {"on the same connection", all - handshake, all}} {
		if _, err := h.Call(within(t, all, &log), once); err != nil {
			t.Fatal(err)
		}
		if got := <-told; got <= test.least || got > test.most {
			t.Errorf("%s is told %v; want more than %v, at most %v", test.call, got, test.least, test.most)
		}
	}
}
