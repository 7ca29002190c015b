package server

import (
	"net/http"

	"github.com/centrirpc/centrirpc/internal/serving"
)

// HealthHandler answers 200 as long as the process serves, also while it drains or
// has no Redis: it is for who restarts processes that are stuck, such as a liveness
// probe of Kubernetes. Whether to send clients here is ReadyHandler's to say. It
// serves on whatever path it is mounted.
func (s *Server) HealthHandler() http.Handler { return serving.HealthHandler() }

// ReadyHandler answers 200 while this node takes clients and calls, and 503 from the
// moment it drains, or while all of Config.Redis, or all that Config.Store has, are
// out of reach: a load balancer then sends new clients elsewhere. A node that
// drains, or has been without all of Config.Redis for a moment, answers 503 to who opens a
// connection, too, and five seconds later the clients that are connected are told to connect
// again, within fifteen. While some of
// several are out of reach it is ready, for the others' users. The body is a JSON
// object whose "status" is "ready", "degraded" (some), "unavailable" or "draining",
// and whose "calls" and "publications" say what is out of reach, if anything is.
//
// It tells what was seen at most some seconds ago and asks nobody, so that it answers
// at once and may be asked as often as one likes. It serves on whatever path it is
// mounted.
func (s *Server) ReadyHandler() http.Handler {
	return serving.ReadyHandler(s.readiness)
}

// readiness is what ReadyHandler answers.
func (s *Server) readiness() serving.Readiness {
	if s.draining.Load() {
		return serving.Draining
	}
	var publications serving.Reached
	if s.publications != nil {
		publications.Away, publications.All = s.publications.count()
	}
	return serving.Ready(serving.StoreReached(s.store), publications)
}
