package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// How much of the log pages that may not connect can fill: an entry for each
// origin, of at most so many origins, each cut to so many bytes.
const (
	maxLoggedOrigins = 100
	maxLoggedOrigin  = 256
)

// origins says which pages may connect. The same answer guards all endpoints:
// the fallbacks take calls in plain requests, which a foreign page could send
// with its visitor's cookies.
type origins struct {
	any   bool
	exact map[string]bool
	// below are the patterns with a wildcard host: scheme, and ".example.com".
	below []struct{ scheme, suffix string }

	log        *slog.Logger
	configured []string
	mu         sync.Mutex
	logged     map[string]bool // the refused origins that the log has
}

func newOrigins(allowed []string, log *slog.Logger) (*origins, error) {
	o := &origins{exact: map[string]bool{}, log: log, configured: allowed, logged: map[string]bool{}}
	for _, pattern := range allowed {
		if pattern == "*" {
			o.any = true
			continue
		}
		u, err := url.Parse(pattern)
		if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf(`server: AllowedOrigins: %q is not an origin; write "https://example.com", "https://*.example.com" or "*"`, pattern)
		}
		scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
		parent, wild := strings.CutPrefix(host, "*.")
		switch {
		case strings.Contains(parent, "*") || wild && parent == "":
			return nil, fmt.Errorf(`server: AllowedOrigins: %q: a wildcard stands for everything before a domain only, as in "https://*.example.com"`, pattern)
		case wild:
			o.below = append(o.below, struct{ scheme, suffix string }{scheme, "." + parent})
		default:
			o.exact[scheme+"://"+host] = true
		}
	}
	return o, nil
}

// allowed reports whether the page that a request comes from may connect.
func (o *origins) allowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if o.any {
		return true
	}
	if origin == "" {
		// A browser leaves the Origin out of plain GETs that a page makes it
		// send, for an image say, but tells where they come from.
		site := r.Header.Get("Sec-Fetch-Site")
		return site == "" || site == "same-origin" || site == "none"
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false // "null" too: a sandboxed page or a file
	}
	if strings.EqualFold(u.Host, r.Host) {
		return true
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if o.exact[scheme+"://"+host] {
		return true
	}
	for _, p := range o.below {
		if p.scheme == scheme && strings.HasSuffix(host, p.suffix) && len(host) > len(p.suffix) {
			return true
		}
	}
	return false
}

// guard refuses requests from pages that may not connect, and lets the others
// read the answers.
func (o *origins) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !o.allowed(r) {
			o.logRefused(r)
			http.Error(w, "this origin is not allowed", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			h := w.Header()
			if o.any {
				h.Set("Access-Control-Allow-Origin", "*")
			} else {
				h.Set("Access-Control-Allow-Origin", origin)
				h.Set("Access-Control-Allow-Credentials", "true")
				h.Add("Vary", "Origin")
			}
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Headers", "Content-Type")
			}
		}
		next.ServeHTTP(w, r)
	})
}

// logRefused tells the operator of a page that may not connect: once of each
// origin, for a page may try for ever, and of no more origins than are worth it.
func (o *origins) logRefused(r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		origin = "none, but Sec-Fetch-Site: " + r.Header.Get("Sec-Fetch-Site")
	}
	if len(origin) > maxLoggedOrigin {
		origin = origin[:maxLoggedOrigin]
	}
	o.mu.Lock()
	known := o.logged[origin] || len(o.logged) >= maxLoggedOrigins
	if !known {
		o.logged[origin] = true
	}
	last := !known && len(o.logged) == maxLoggedOrigins
	o.mu.Unlock()
	if known {
		return
	}
	o.log.Warn("refused a page whose origin is not allowed: if it is yours, add it to AllowedOrigins; this is logged once for each origin",
		"origin", origin, "host", r.Host, "allowed", o.configured)
	if last {
		o.log.Warn("further origins that are refused are not logged", "origins", maxLoggedOrigins)
	}
}
