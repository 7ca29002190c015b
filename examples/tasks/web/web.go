// Package web holds the page of the task board, built from src by npm run build.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed dist
var dist embed.FS

// policy lets the page load its own files, connect to its own server, and
// nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at /.
func Handler() http.Handler {
	pages, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // dist is embedded
	}
	files := http.FileServerFS(pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-cache") // the next version's files have the same names
		files.ServeHTTP(w, r)
	})
}
