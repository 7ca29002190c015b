package faults

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// stranger is a server that is not the one which is looked for: it answers all with the same, and keeps
// what it was asked.
type stranger struct {
	url   string
	addr  string // of the url
	mu    sync.Mutex
	asked strings.Builder
}

func newStranger(t *testing.T, status int, answer string) *stranger {
	s := &stranger{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.asked.Write(body)
		s.mu.Unlock()
		w.Header().Set("Connection", "close") // one that began at the switch to another must not last
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(web.Close)
	s.url, s.addr = web.URL, web.Listener.Addr().String()
	return s
}

// sent is how often it was asked the call with that key, or told its reply.
func (s *stranger) sent(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.asked.String(), `"say":"`+key+`"`)
}

// hears waits until it was asked one of the calls, or told its reply.
func (s *stranger) hears(t *testing.T, keys []string) {
	t.Helper()
	within(t, func() (bool, string) {
		return slices.ContainsFunc(keys, func(key string) bool { return s.sent(key) > 0 }), "it was not sent any of " + keys[0] + "…"
	})
}

// was fails the test unless it was asked each call so often.
func (s *stranger) was(t *testing.T, keys []string, times int) {
	t.Helper()
	for _, key := range keys {
		if got := s.sent(key); got != times {
			t.Errorf("%s was sent %d times; want %d", key, got, times)
		}
	}
}
