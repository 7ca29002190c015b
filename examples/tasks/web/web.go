// Package web holds the page of the task board, built from src by npm run build.
package web

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed dist
var dist embed.FS

// policy lets the page load its own files, connect to its own server and those
// addresses, and nothing else.
func policy(connect []string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src " +
		strings.Join(append([]string{"'self'"}, connect...), " ") + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// Handler serves the page at /. It may connect to its own server, and to the URLs that
// are given.
func Handler(connect ...string) http.Handler {
	allowed := policy(connect)
	pages, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // dist is embedded
	}
	files := http.FileServerFS(pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", allowed)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-cache") // the next version's files have the same names
		files.ServeHTTP(w, r)
	})
}
