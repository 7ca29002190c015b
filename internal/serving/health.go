package serving

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Readiness is what a server says of whether it takes calls; the fields are those of
// the answer of its /ready.
type Readiness struct {
	Status string `json:"status"`
	// Calls and Publications say what is out of reach, if anything is.
	Calls        string `json:"calls,omitempty"`
	Publications string `json:"publications,omitempty"`
}

// Unavailable is the status of a server that is without what it needs.
const Unavailable = "unavailable"

// Draining is the readiness of a server that is about to stop.
var Draining = Readiness{Status: "draining"}

// Reached is how many of the servers that something needs are out of reach, and how
// many there are; both are 0 where it needs none.
type Reached struct{ Away, All int }

// Ready is the readiness of a server whose call store, and whose publications, reach
// that much. Without all of one it is not ready; without some it is, for the others'
// users.
func Ready(calls, publications Reached) Readiness {
	r := Readiness{Status: "ready", Calls: calls.lack(), Publications: publications.lack()}
	switch {
	case calls.none() || publications.none():
		r.Status = Unavailable
	case r.Calls != "" || r.Publications != "":
		r.Status = "degraded"
	}
	return r
}

// OK reports whether calls are taken.
func (r Readiness) OK() bool { return r.Status == "ready" || r.Status == "degraded" }

func (r Reached) none() bool { return r.All > 0 && r.Away == r.All }

func (r Reached) lack() string {
	if r.Away == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d Redis out of reach", r.Away, r.All)
}

// StoreReached is what a call store reaches, such as redisstore.Store; others always
// reach what they need.
func StoreReached(store any) Reached {
	if store, ok := store.(interface{ Away() (away, all int) }); ok {
		away, all := store.Away()
		return Reached{away, all}
	}
	return Reached{}
}

// HealthHandler answers 200 as long as the process serves.
func HealthHandler() http.Handler {
	return statusHandler(func() (int, Readiness) { return http.StatusOK, Readiness{Status: "ok"} })
}

// ReadyHandler answers 200 where look finds that calls are taken, and otherwise 503.
func ReadyHandler(look func() Readiness) http.Handler {
	return statusHandler(func() (int, Readiness) {
		found := look()
		if found.OK() {
			return http.StatusOK, found
		}
		return http.StatusServiceUnavailable, found
	})
}

func statusHandler(look func() (int, Readiness)) http.Handler {
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
