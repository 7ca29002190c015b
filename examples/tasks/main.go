// Command tasks is the demo application of centrirpc: a task board whose open
// pages follow each other.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/centrirpc/centrirpc/examples/tasks/api"
	"github.com/centrirpc/centrirpc/examples/tasks/store"
	"github.com/centrirpc/centrirpc/examples/tasks/web"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "`address` to listen on; port 0 takes a free one")
	db := flag.String("db", "tasks.db", "SQLite `file`, made if it is not there")
	secret := flag.String("secret", "", "`secret` that signs tokens, best 32 random bytes; also CENTRIRPC_SECRET (default a random one)")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "tasks: %q is no flag; run tasks -h\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := run(*addr, *db, cmp.Or(*secret, os.Getenv("CENTRIRPC_SECRET"), rand.Text())); err != nil {
		fmt.Fprintln(os.Stderr, "tasks:", err)
		os.Exit(1)
	}
}

// run serves until the process gets SIGINT or SIGTERM.
func run(addr, path, secret string) error {
	db, err := store.Open(context.Background(), path)
	if err != nil {
		return err
	}
	defer db.Close()

	srv, err := server.New(api.NewRouter(api.NewService(db)), server.Config{
		TokenHMACSecret: secret,
		MaxMessageSize:  1 << 20, // for imports
	})
	if err != nil {
		return err
	}

	mux := http.NewServeMux()
	mux.Handle("/", web.Handler())
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) { handToken(w, r, secret) })
	for _, path := range []string{"/connection/", "/emulation", "/health", "/ready", "/metrics"} {
		mux.Handle(path, srv)
	}
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; choose another address with -addr, such as 127.0.0.1:0 for a free port", err)
	}
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	return srv.Serve(context.Background(), listener, mux)
}

// handToken gives anybody a token for any user: this is a demo. A real
// application does this for the user of its own session.
func handToken(w http.ResponseWriter, r *http.Request, secret string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	user := r.FormValue("user")
	signed, err := token.Sign(secret, token.Claims{UserID: user, ExpiresAt: time.Now().Add(time.Hour)})
	answer := map[string]string{"token": signed, "user_id": user}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer)
}
