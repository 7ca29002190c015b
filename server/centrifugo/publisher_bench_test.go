package centrifugo

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkPublisher is what a publication costs on its way to Centrifugo, both ends of
// the HTTP request together: CPU time, not the time that passes. One at a time, each is
// a request; when many wait, they share requests.
func BenchmarkPublisher(b *testing.B) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/api/publish" {
			_, _ = io.WriteString(w, `{"result":{}}`)
			return
		}
		n := bytes.Count(body, []byte(`{"publish":`))
		_, _ = io.WriteString(w, `{"replies":[`+string(bytes.Repeat([]byte(`{"publish":{}},`), n-1))+`{"publish":{}}]}`)
	}))
	defer api.Close()
	cfg, err := Config{APIURL: api.URL + "/api", APIKey: "key", Secret: "a secret of sixteen", Logger: slog.New(slog.DiscardHandler)}.withDefaults()
	if err != nil {
		b.Fatal(err)
	}
	data := bytes.Repeat([]byte("1"), 200)
	for _, waiting := range []int{1, 64, 1024} {
		b.Run(fmt.Sprint("waiting=", waiting), func(b *testing.B) {
			p := newPublisher(&cfg, func() {})
			defer p.close(b.Context())
			began := cpu()
			var all sync.WaitGroup
			var left sync.Mutex
			count := b.N
			for i := range waiting {
				channel := fmt.Sprint("user#", i)
				all.Go(func() {
					for {
						left.Lock()
						count--
						over := count < 0
						left.Unlock()
						if over {
							return
						}
						if err := p.event(b.Context(), channel, data); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64((cpu()-began).Nanoseconds())/float64(b.N)/1e3, "cpu-µs/op")
		})
	}
}

// cpu is what this process has used.
func cpu() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
