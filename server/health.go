package server

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/centrirpc/centrirpc/calls"
)

// HealthHandler answers 200 as long as the process serves, also while it drains or
// has no Redis: it is for who restarts processes that are stuck, such as a liveness
// probe of Kubernetes. Whether to send clients here is ReadyHandler's to say. It
// serves on whatever path it is mounted.
func (s *Server) HealthHandler() http.Handler {
	return statusHandler(func() (int, status) { return http.StatusOK, status{Status: "ok"} })
}

// ReadyHandler answers 200 while this node takes clients and calls, and 503 from the
// moment it drains, or while all of Config.Redis, or all that Config.Store has, are
// out of reach: a load balancer then sends new clients elsewhere. While some of
// several are out of reach it is ready, for the others' users. The body is a JSON
// object whose "status" is "ready", "degraded" (some), "unavailable" or "draining",
// and whose "calls" and "publications" say what is out of reach, if anything is.
//
// It tells what was seen at most some seconds ago and asks nobody, so that it answers
// at once and may be asked as often as one likes. It serves on whatever path it is
// mounted.
func (s *Server) ReadyHandler() http.Handler {
	return statusHandler(s.readiness)
}

// readiness is what ReadyHandler answers.
func (s *Server) readiness() (code int, ready status) {
	if s.draining.Load() {
		return http.StatusServiceUnavailable, status{Status: "draining"}
	}
	ready.Status = "ready"
	lacks := false
	look := func(away, all int) string {
		if away == 0 {
			return ""
		}
		lacks = lacks || away == all
		ready.Status = "degraded"
		return fmt.Sprintf("%d of %d Redis out of reach", away, all)
	}
	if store, ok := s.store.(awayCounter); ok {
		ready.Calls = look(store.Away())
	}
	if s.publications != nil {
		ready.Publications = look(s.publications.count())
	}
	if lacks {
		ready.Status = "unavailable"
		return http.StatusServiceUnavailable, ready
	}
	return http.StatusOK, ready
}

// readyGauge tells the same to who watches: a Redis that is out of reach shows in no
// counter as long as nobody calls.
func (s *Server) readyGauge() prometheus.Collector {
	return gauge("centrirpc_ready", "1 while /ready answers 200, that is while this node takes clients and calls, else 0.", func() float64 {
		if code, _ := s.readiness(); code == http.StatusOK {
			return 1
		}
		return 0
	})
}

// awayCounter is a store that can be out of reach, such as redisstore.Store.
type awayCounter interface {
	calls.Store
	Away() (away, all int)
}

// status is what the two say.
type status struct {
	Status       string `json:"status"`
	Calls        string `json:"calls,omitempty"`
	Publications string `json:"publications,omitempty"`
}

func statusHandler(look func() (int, status)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "use GET", http.StatusMethodNotAllowed)
			return
		}
		code, found := look()
		body, err := json.Marshal(found)
		if err != nil {
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(code)
		_, _ = w.Write(body)
	})
}
