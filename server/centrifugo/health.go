package centrifugo

import (
	"io"
	"net/http"
)

// HealthHandler answers 200 while the backend takes calls and 503 from the moment
// it drains, so that a load balancer sends Centrifugo's requests elsewhere. It says
// nothing of Centrifugo, so that a Centrifugo that fails does not take all of its
// backends with it. It serves on whatever path it is mounted.
func (b *Backend) HealthHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "use GET", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if b.draining.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"status":"draining"}`)
			return
		}
		_, _ = io.WriteString(w, `{"status":"ok"}`)
	})
}
