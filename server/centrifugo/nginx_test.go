package centrifugo_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/nginxserver"
)

// The nginx of deploy/centrifugo asks a second backend what the first may have run
// already only where that does no harm; and always when the first cannot be reached.
func TestNginxBeforeBackends(t *testing.T) {
	for path, twice := range map[string]bool{
		"/centrifugo/connect": true, "/centrifugo/refresh": true, "/centrifugo/subscribe": true,
		"/centrifugo/publish": false, "/centrifugo/rpc": false,
	} {
		t.Run(strings.TrimPrefix(path, "/centrifugo/"), func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			var dies atomic.Bool
			backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				asked.Add(1)
				if dies.Load() {
					panic(http.ErrAbortHandler)
				}
			}))
			t.Cleanup(backend.Close)
			addr := strings.TrimPrefix(backend.URL, "http://")
			ask := func(first string) int {
				t.Helper()
				asks := loopback.FreeAddress(t)
				nginx := nginxserver.StartCentrifugo(t,
					nginxserver.Edit{Old: "listen 9000;", New: "listen " + asks + ";"},
					nginxserver.Edit{Old: "listen 8000;", New: "listen " + loopback.FreeAddress(t) + ";"},
					nginxserver.Edit{Old: "server centrifugo1:8000 ", New: "server 127.0.0.1:1 "},
					nginxserver.Edit{Old: "server centrifugo2:8000 ", New: "server 127.0.0.1:1 "},
					nginxserver.Edit{Old: "server backend1:9000 ", New: "server " + first + " "},
					nginxserver.Edit{Old: "server backend2:9000 ", New: "server " + addr + " "})
				defer nginx.Stop()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+asks+path, strings.NewReader("{}"))
				if err != nil {
					t.Fatal(err)
				}
				got, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = got.Body.Close()
				return got.StatusCode
			}
			// The first cannot be reached.
			if status := ask("127.0.0.1:1"); status != http.StatusOK || asked.Load() != 1 {
				t.Errorf("with one backend: %d, asked %d times", status, asked.Load())
			}
			// Both die of the request: it is counted at either.
			asked.Store(0)
			dies.Store(true)
			want := int64(1)
			if twice {
				want = 2
			}
			if status := ask(addr); status != http.StatusBadGateway || asked.Load() != want {
				t.Errorf("with backends that die: %d, asked %d times; want %d", status, asked.Load(), want)
			}
		})
	}
}
